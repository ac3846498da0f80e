package dev.sandkeeper.local;

import java.time.Duration;
import java.util.List;

/** All processes of a command, as the host sees them. */
final class CommandTree {
    private CommandTree() {}

    /** Whoever loses a parent inside becomes a child of the first one. */
    static List<ProcessHandle> members(ProcessIdentity first) {
        return ProcessHandle.of(first.pid())
                .map(handle -> handle.descendants().toList())
                .orElse(List.of());
    }

    /** Waits for the end of the first process, and so of all. */
    static boolean ends(ProcessIdentity first, Duration patience) throws InterruptedException {
        Wait wait = new Wait(patience);
        while (first.exists()) {
            if (!wait.pause()) {
                return !first.exists();
            }
        }
        return true;
    }
}

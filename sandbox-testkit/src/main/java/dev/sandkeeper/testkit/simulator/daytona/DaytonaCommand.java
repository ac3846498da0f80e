package dev.sandkeeper.testkit.simulator.daytona;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A command of a session. Safe from many threads. */
final class DaytonaCommand {
    final String id = UUID.randomUUID().toString();
    final String text;
    final boolean background;
    final boolean echoesInput;
    final DaytonaLog log = new DaytonaLog();
    private volatile @Nullable Integer exitCode;

    DaytonaCommand(String text, boolean background, boolean echoesInput) {
        this.text = text;
        this.background = background;
        this.echoesInput = echoesInput;
    }

    /** Null while it runs, and for ever if the shell ended under it. */
    @Nullable
    Integer exitCode() {
        return exitCode;
    }

    void ended(int code) {
        exitCode = code;
        log.end();
    }

    /** Where it reads what is sent to it; the daemon's own, so nothing that a command should know of. */
    String pipe() {
        return "/tmp/.daytona-" + id + ".in";
    }
}

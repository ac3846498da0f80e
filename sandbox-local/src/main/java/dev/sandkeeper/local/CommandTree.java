package dev.sandkeeper.local;

import dev.sandkeeper.Signal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** All processes of a command, as the host sees them. */
final class CommandTree {
    private CommandTree() {}

    /** Whoever loses a parent inside becomes a child of the first one. */
    static List<ProcessHandle> members(ProcessIdentity first) {
        return ProcessHandle.of(first.pid())
                .map(handle -> handle.descendants().toList())
                .orElse(List.of());
    }

    /**
     * The first process of each command's namespace in a sandbox, whichever JVM has started it: nsenter's grandchildren, and
     * what has become the holder's after that has ended.
     */
    static List<ProcessIdentity> firsts(ProcessIdentity holder) {
        String target = Long.toString(holder.pid());
        List<Long> owned = Proc.children(holder.pid());
        Stream<Long> bubblewraps = Proc.all().stream()
                .filter(process -> isNsenter(process.arguments(), target))
                .flatMap(nsenter -> Proc.children(nsenter.pid()).stream());
        return Stream.concat(
                        owned.stream(),
                        Stream.concat(owned.stream(), bubblewraps).flatMap(pid -> Proc.children(pid).stream()))
                .distinct()
                .filter(pid -> CommandRecord.isFirst(Proc.namespacePids(pid)))
                .flatMap(pid -> Proc.identify(pid).stream())
                .filter(CommandTree::runs)
                .toList();
    }

    /**
     * Whether a command runs, or anything of it: a shell that waits for one does not count. A program that makes itself look
     * like such a shell is not waited for; it ends with the sandbox all the same.
     */
    static boolean runs(ProcessIdentity first) {
        if (!first.exists()) {
            return false;
        }
        List<ProcessHandle> members = members(first);
        return members.size() != 1 || !isShell(members.get(0).pid());
    }

    /** session.sh has its standard output closed and keeps the command's as another descriptor. */
    private static boolean isShell(long pid) {
        Path files = Path.of("/proc", Long.toString(pid), "fd");
        return !Files.exists(files.resolve("1"), LinkOption.NOFOLLOW_LINKS)
                && Files.exists(files.resolve("4"), LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean isNsenter(List<String> arguments, String target) {
        return arguments.size() > 3
                && arguments.get(0).endsWith("nsenter")
                && arguments.get(1).equals("-t")
                && arguments.get(2).equals(target);
    }

    /** Sends TERM to all processes of commands, and has those go on that are halted. */
    static void terminate(List<ProcessIdentity> firsts, Host host) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                host.tool("sh"), "-c", "kill -s TERM \"$@\" 2>/dev/null; kill -s CONT \"$@\" 2>/dev/null", "sh"));
        int before = command.size();
        firsts.forEach(first -> members(first).forEach(member -> command.add(Long.toString(member.pid()))));
        if (command.size() > before) {
            host.processBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }

    /** Sends a signal to processes. */
    static void signal(Signal signal, List<ProcessHandle> members, Host host) throws IOException, InterruptedException {
        switch (signal) {
            case TERM -> members.forEach(ProcessHandle::destroy);
            case KILL -> members.forEach(ProcessHandle::destroyForcibly);
            default -> send(signal, members, host);
        }
    }

    private static void send(Signal signal, List<ProcessHandle> members, Host host)
            throws IOException, InterruptedException {
        if (members.isEmpty()) {
            return;
        }
        List<String> command =
                new ArrayList<>(List.of(host.tool("sh"), "-c", "kill -s \"$0\" \"$@\" 2>/dev/null", signal.name()));
        members.forEach(member -> command.add(Long.toString(member.pid())));
        host.processBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
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

package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds what a command names: a built-in program, or a script that the sandbox has written. */
final class Programs {
    private Programs() {}

    /** A program as it is written: its arguments come with it. */
    @FunctionalInterface
    interface Body {
        int run(Proc proc, List<String> arguments) throws IOException;
    }

    /** Why a program cannot be started, in the words of a shell. */
    static final class NotStartable extends Exception {
        private static final long serialVersionUID = 1L;

        private final boolean found;

        NotStartable(boolean found, String message) {
            super(message);
            this.found = found;
        }

        int exitCode() {
            return found ? 126 : 127;
        }
    }

    static void install(Node.Dir root, Instant now, int uid) {
        Node.Dir bin = new Node.Dir(0755, 0, now);
        for (String name : names()) {
            bin.entries.put(name, new Node.Plain(0755, 0, now, name));
        }
        Node.Dir dev = new Node.Dir(0755, 0, now);
        dev.entries.put("null", new Node.Device(false, now));
        dev.entries.put("zero", new Node.Device(true, now));
        Node.Dir usr = new Node.Dir(0755, 0, now);
        usr.entries.put("bin", new Node.Link("../bin", 0, now));
        root.entries.putAll(Map.of(
                "bin", bin,
                "dev", dev,
                "usr", usr,
                "etc", new Node.Dir(0755, 0, now),
                "proc", new Node.Dir(0555, 0, now),
                "tmp", new Node.Dir(01777, 0, now),
                "workspace", new Node.Dir(0755, uid, now)));
    }

    private static Set<String> names() {
        return Tools.BODIES.keySet();
    }

    /** What is to run as a command's main process; its arguments are set. */
    static Proc.Program resolve(Proc proc, List<String> arguments) {
        try {
            proc.machine.tree().directory(proc.directory, proc.uid);
        } catch (FileProblem e) {
            throw notStartable("working_directory_not_found", "working directory " + e.getMessage(), e);
        }
        try {
            return find(proc, arguments);
        } catch (NotStartable e) {
            throw notStartable(
                    e.found ? "command_not_executable" : "command_not_found", "command " + e.getMessage(), e);
        }
    }

    private static CommandNotStartableException notStartable(String code, String message, Exception cause) {
        return new CommandNotStartableException(
                Failure.of(code, message).remedy("Correct the command").cause(cause));
    }

    /** Replaces what a process is to run, as execve(2). */
    static Proc.Program find(Proc proc, List<String> arguments) throws NotStartable {
        String name = arguments.get(0);
        Node.Plain file = name.contains("/") ? executable(proc, name, proc.path(name)) : search(proc, name);
        if (file.program != null) {
            Body body = Tools.BODIES.get(file.program);
            if (body != null) {
                proc.arguments = arguments;
                return self -> body.run(self, arguments);
            }
        }
        return script(proc, file, arguments);
    }

    private static Node.Plain search(Proc proc, String name) throws NotStartable {
        for (String directory : proc.environment.getOrDefault("PATH", "/bin").split(":", -1)) {
            try {
                return executable(proc, name, proc.path(directory + "/" + name));
            } catch (NotStartable e) {
                if (e.found) {
                    throw e;
                }
            }
        }
        throw new NotStartable(false, name + ": not found");
    }

    private static Node.Plain executable(Proc proc, String name, String path) throws NotStartable {
        try {
            Node node = proc.machine.tree().get(path, true, proc.uid);
            if (node instanceof Node.Plain file && file.allows(proc.uid, 1)) {
                return file;
            }
            throw new NotStartable(true, name + ": Permission denied");
        } catch (FileProblem e) {
            boolean found = e.errno() == Errno.PERMISSION;
            throw new NotStartable(found, name + (found ? ": Permission denied" : ": not found"));
        }
    }

    private static Proc.Program script(Proc proc, Node.Plain file, List<String> arguments) throws NotStartable {
        byte[] head = new byte[256];
        int n = Math.max(0, proc.machine.tree().read(file, 0, head, 0, head.length));
        String line = new String(head, 0, n, StandardCharsets.ISO_8859_1)
                .lines()
                .findFirst()
                .orElse("");
        if (!line.startsWith("#!")) {
            throw new NotStartable(true, arguments.get(0) + ": Exec format error");
        }
        List<String> expanded = new ArrayList<>();
        expanded.add(line.substring(2).strip());
        expanded.addAll(arguments);
        if (expanded.get(0).equals(arguments.get(0))) {
            throw new NotStartable(true, arguments.get(0) + ": Too many levels of interpreters");
        }
        return find(proc, expanded);
    }
}

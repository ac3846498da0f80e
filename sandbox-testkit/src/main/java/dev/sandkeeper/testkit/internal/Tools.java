package dev.sandkeeper.testkit.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The built-in programs. Each does what the contract uses of it; an option that it does not know is an error. */
final class Tools {
    static final Map<String, Programs.Body> BODIES = Map.ofEntries(
            Map.entry("true", (proc, arguments) -> 0),
            Map.entry("false", (proc, arguments) -> 1),
            Map.entry("echo", Tools::echo),
            Map.entry("printf", Printf::run),
            Map.entry("cat", Tools::cat),
            Map.entry("pwd", (proc, arguments) -> print(proc, proc.directory + "\n")),
            Map.entry("sleep", Tools::sleep),
            Map.entry("env", Tools::env),
            Map.entry("head", Tools::head),
            Map.entry("wc", Tools::wc),
            Map.entry("id", (proc, arguments) -> print(proc, proc.uid + "\n")),
            Map.entry("kill", Tools::kill),
            Map.entry("setsid", (proc, arguments) -> run(proc, arguments.subList(1, arguments.size()))),
            Map.entry("sh", Shell::run),
            Map.entry("test", FileTools::test),
            Map.entry("[", FileTools::test),
            Map.entry("touch", FileTools::touch),
            Map.entry("mkdir", FileTools::mkdir),
            Map.entry("rm", FileTools::rm),
            Map.entry("ln", FileTools::ln),
            Map.entry("tty", Terminal::tty),
            Map.entry("stty", Terminal::stty),
            Map.entry("chmod", FileTools::chmod));

    private static final Map<String, Integer> SIGNALS = Map.of(
            "HUP",
            1,
            "INT",
            2,
            "QUIT",
            3,
            "KILL",
            9,
            "USR1",
            10,
            "USR2",
            12,
            "TERM",
            15,
            "CONT",
            18,
            "STOP",
            19,
            "WINCH",
            Proc.WINCH);

    private Tools() {}

    private static int print(Proc proc, String text) throws IOException {
        proc.print(1, text);
        return 0;
    }

    static int fail(Proc proc, String tool, String message) throws IOException {
        proc.print(2, tool + ": " + message + "\n");
        return 1;
    }

    /** Runs another program in the same process. */
    static int run(Proc proc, List<String> arguments) throws IOException {
        if (arguments.isEmpty()) {
            return fail(proc, "exec", "no program");
        }
        try {
            return Programs.find(proc, List.copyOf(arguments)).run(proc);
        } catch (Programs.NotStartable e) {
            proc.print(2, "sh: " + e.getMessage() + "\n");
            return e.exitCode();
        }
    }

    private static int echo(Proc proc, List<String> arguments) throws IOException {
        boolean newline = arguments.size() < 2 || !arguments.get(1).equals("-n");
        String text = String.join(" ", arguments.subList(newline ? 1 : 2, arguments.size()));
        return print(proc, newline ? text + "\n" : text);
    }

    private static int cat(Proc proc, List<String> arguments) throws IOException {
        List<String> files = arguments.size() == 1 ? List.of("-") : arguments.subList(1, arguments.size());
        int code = 0;
        for (String file : files) {
            code |= copy(proc, "cat", file, Long.MAX_VALUE);
        }
        return code;
    }

    private static int head(Proc proc, List<String> arguments) throws IOException {
        if (arguments.size() < 3 || !arguments.get(1).equals("-c")) {
            return fail(proc, "head", "only -c is simulated");
        }
        return copy(proc, "head", arguments.size() > 3 ? arguments.get(3) : "-", Long.parseLong(arguments.get(2)));
    }

    private static int copy(Proc proc, String tool, String file, long most) throws IOException {
        try {
            int descriptor = file.equals("-") ? 0 : FileTools.open(proc, file);
            byte[] buffer = new byte[16 << 10];
            long left = most;
            while (left > 0) {
                int n = proc.read(descriptor, buffer, (int) Math.min(left, buffer.length));
                if (n < 0) {
                    break;
                }
                proc.write(1, buffer, 0, n);
                left -= n;
            }
            if (descriptor != 0) {
                proc.redirect(descriptor, null);
            }
            return 0;
        } catch (FileProblem e) {
            return fail(proc, tool, file + ": " + e.errno().text());
        }
    }

    private static int wc(Proc proc, List<String> arguments) throws IOException {
        if (!arguments.equals(List.of("wc", "-c"))) {
            return fail(proc, "wc", "only -c of standard input is simulated");
        }
        long bytes = 0;
        byte[] buffer = new byte[16 << 10];
        for (int n = proc.read(0, buffer, buffer.length); n >= 0; n = proc.read(0, buffer, buffer.length)) {
            bytes += n;
        }
        return print(proc, bytes + "\n");
    }

    private static int sleep(Proc proc, List<String> arguments) throws IOException {
        proc.sleep(Duration.ofNanos((long) (Double.parseDouble(arguments.get(1)) * 1e9)));
        return 0;
    }

    private static int env(Proc proc, List<String> arguments) throws IOException {
        int i = 1;
        while (i < arguments.size() && arguments.get(i).contains("=")) {
            String[] variable = arguments.get(i++).split("=", 2);
            proc.environment.put(variable[0], variable[1]);
        }
        if (i < arguments.size()) {
            return run(proc, arguments.subList(i, arguments.size()));
        }
        StringBuilder text = new StringBuilder();
        proc.environment.forEach(
                (name, value) -> text.append(name).append('=').append(value).append('\n'));
        return print(proc, text.toString());
    }

    private static int kill(Proc proc, List<String> arguments) throws IOException {
        List<String> targets = new ArrayList<>(arguments.subList(1, arguments.size()));
        int number = targets.get(0).startsWith("-") ? signal(targets.remove(0).substring(1)) : 15;
        for (String target : targets) {
            var victim = proc.machine.processes().stream()
                    .filter(other -> String.valueOf(other.pid).equals(target))
                    .findFirst();
            if (victim.isEmpty()) {
                return fail(proc, "kill", "No such process");
            }
            if (number > 0) {
                victim.get().signal(number);
            }
        }
        proc.checkSignals();
        return 0;
    }

    static int signal(String name) throws IOException {
        Integer number = SIGNALS.get(name);
        try {
            return number != null ? number : Integer.parseInt(name);
        } catch (NumberFormatException e) {
            throw new IOException("no such signal: " + name, e);
        }
    }

    /** What stands in /proc/PID/cmdline. */
    static byte[] commandLine(Proc proc) {
        return (String.join("\0", proc.arguments) + "\0").getBytes(StandardCharsets.UTF_8);
    }
}

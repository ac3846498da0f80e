package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The toolbox's routes for single commands, and those that tell of the sandbox itself. */
final class DaytonaProcesses {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private final DaytonaWorld world;
    private final DaytonaToolbox toolbox;
    private final BiFunction<Duration, Runnable, ScheduledFuture<?>> timer;

    DaytonaProcesses(
            DaytonaWorld world, DaytonaToolbox toolbox, BiFunction<Duration, Runnable, ScheduledFuture<?>> timer) {
        this.world = world;
        this.toolbox = toolbox;
        this.timer = timer;
    }

    void addRoutes() {
        toolbox.add("POST", "/process/execute", this::execute);
        toolbox.add("POST", "/process/code-run", this::codeRun);
        toolbox.add("GET", "/version", (guest, exchange) -> {
            guest.sandbox();
            exchange.answer(200, Json.object().put("version", world.manner().version()));
        });
        toolbox.add("GET", "/work-dir", (guest, exchange) -> exchange.answer(200, directory(guest.workDirectory())));
        toolbox.add(
                "GET", "/user-home-dir", (guest, exchange) -> exchange.answer(200, directory(guest.homeDirectory())));
        toolbox.add("POST", "/env", DaytonaProcesses::environment);
        toolbox.add("GET", "/port", this::ports);
        toolbox.add("GET", "/port/{port}/in-use", this::portInUse);
    }

    private static ObjectNode directory(String path) {
        return Json.object().put("dir", path);
    }

    private void execute(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        String command = fields.text("command");
        if (command == null || command.isBlank()) {
            throw DaytonaRefusal.bad("bad request: command cannot be empty");
        }
        Map<String, String> variables = variables(fields);
        String directory = fields.text("cwd");
        Outcome outcome = run(
                guest,
                List.of("sh", "-c", DaytonaShells.readingMerged()),
                variables,
                directory == null ? guest.workDirectory() : guest.absolute(directory),
                DaytonaGuest.utf8(command),
                fields.number("timeout", Long.MIN_VALUE, 0));
        exchange.answer(200, outcome.json());
    }

    static Map<String, String> variables(DaytonaFields fields) {
        Map<String, String> variables = fields.texts("envs");
        for (String name : variables.keySet()) {
            if (!NAME.matcher(name).matches()) {
                throw DaytonaRefusal.bad("bad request: invalid environment variable name: " + name);
            }
        }
        return variables;
    }

    private record Outcome(int exitCode, String result) {
        ObjectNode json() {
            return Json.object().put("exitCode", exitCode).put("result", result);
        }
    }

    /** A command goes on although its client has gone; only its own time-out ends it. */
    private Outcome run(
            DaytonaGuest guest,
            List<String> arguments,
            Map<String, String> variables,
            String directory,
            byte[] input,
            long seconds)
            throws InterruptedException {
        BackendProcess process;
        try {
            process = guest.start(arguments, variables, directory, input, null);
        } catch (CommandNotStartableException e) {
            return new Outcome(-1, String.valueOf(e.getMessage()));
        }
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> end = seconds <= 0
                ? null
                : timer.apply(Duration.ofSeconds(seconds), () -> {
                    late.set(true);
                    world.time().run("timeout", () -> process.end(Duration.ZERO));
                });
        try {
            DaytonaRun run = DaytonaRun.of(process);
            if (late.get()) {
                throw DaytonaRefusal.coded(
                        408, "PROCESS_EXECUTION_TIMEOUT", "request timeout: command execution timeout");
            }
            // what was killed because its machine has gone has no exit code
            guest.sandbox();
            return new Outcome(run.exitCode(), run.text());
        } catch (CommandNotStartableException e) {
            return new Outcome(-1, String.valueOf(e.getMessage()));
        } finally {
            if (end != null) {
                end.cancel(false);
            }
        }
    }

    private void codeRun(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        String code = fields.text("code");
        if (code == null) {
            throw DaytonaRefusal.bad("bad request: code is required");
        }
        List<String> arguments = new ArrayList<>(interpreter(fields.needed("language"), code));
        arguments.addAll(fields.list("argv"));
        Outcome outcome = run(
                guest,
                arguments,
                variables(fields),
                guest.workDirectory(),
                new byte[0],
                fields.number("timeout", Long.MIN_VALUE, 0));
        exchange.answer(200, outcome.json());
    }

    private static List<String> interpreter(String language, String code) {
        String merged = "exec 2>&1; code=$1; shift; exec ";
        @Nullable
        String program = switch (language) {
            case "python" -> "python3 -u -c \"$code\" \"$@\"";
            case "javascript" -> "node -e \"$code\" -- \"$@\"";
            case "typescript" -> "node -e \"$code\" -- \"$@\"";
            default -> null;
        };
        if (program == null) {
            throw DaytonaRefusal.bad("bad request: unsupported language: " + language);
        }
        return List.of("sh", "-c", merged + program, "sh", code);
    }

    /** Holds for what is started from now on. */
    private static void environment(DaytonaGuest guest, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        guest.sandbox();
        guest.change(fields.texts("set"), fields.list("unset"), fields.text("unsetValuePrefix"));
        exchange.answer(200, Json.object().put("message", "environment updated"));
    }

    /** Of all sockets that listen, from 3000 on as the daemon counts. */
    private void ports(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        ArrayNode ports = Json.array();
        listening(guest).stream().filter(port -> port >= 3000 && port <= 9999).forEach(ports::add);
        ObjectNode answer = Json.object();
        answer.set("ports", ports);
        exchange.answer(200, answer);
    }

    private void portInUse(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        String text = exchange.parameter("port");
        if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) < 3000 || Integer.parseInt(text) > 9999) {
            throw DaytonaRefusal.bad("bad request: port out of range (3000-9999)");
        }
        exchange.answer(200, Json.object().put("isInUse", listening(guest).contains(Integer.valueOf(text))));
    }

    private static List<Integer> listening(DaytonaGuest guest) throws InterruptedException {
        DaytonaRun run = guest.script("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null");
        return run.text()
                .lines()
                .map(line -> line.trim().split("\\s+"))
                .filter(parts -> parts.length > 3 && parts[3].equals("0A") && parts[1].contains(":"))
                .map(parts -> Integer.valueOf(parts[1].substring(parts[1].lastIndexOf(':') + 1), 16))
                .distinct()
                .sorted()
                .toList();
    }
}

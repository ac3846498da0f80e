package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Running one command in a Machine, with the limits that the service has. */
final class FlyExecRoutes {
    /** What the guest's init takes; more is answered as a success that did nothing. */
    static final int LARGEST_REQUEST = 16_384;

    private static final int DEFAULT_SECONDS = 30;
    private static final int MOST_SECONDS = 60;
    private static final int SIGNALLED = 128;

    private final FlyFleet fleet;
    private final FlyFields fields;
    private final FlySettings settings;

    FlyExecRoutes(FlyFleet fleet, FlyFields fields, FlySettings settings) {
        this.fleet = fleet;
        this.fields = fields;
        this.settings = settings;
    }

    void addTo(Router router) {
        router.add("POST", FlyMachineRoutes.MACHINE + "/exec", this::exec)
                .add("POST", FlyMachineRoutes.MACHINE + "/signal", this::signal);
    }

    private void exec(Exchange exchange) throws IOException, InterruptedException {
        JsonNode body = fields.read(exchange, "exec");
        FlyMachine machine = fleet.alone(() -> fleet.machine(exchange.parameter("app"), exchange.parameter("machine")));
        int seconds = body.path("timeout").asInt(DEFAULT_SECONDS);
        if (seconds > MOST_SECONDS) {
            throw FlyRefusal.badRequest("timeout must not exceed 60 seconds");
        }
        List<String> command = command(body);
        FlyGuest guest = fleet.alone(() -> {
            if (machine.guest == null || !machine.state.equals("started")) {
                throw FlyRefusal.precondition("machine not running");
            }
            return machine.guest;
        });
        if (Json.bytes(body).length > LARGEST_REQUEST) {
            exchange.answer(200, answer(0, "", "Unhandled rejection: Rejection([PayloadTooLarge, MethodNotAllowed])"));
            return;
        }
        byte[] input = body.path("stdin").asText("").getBytes(StandardCharsets.UTF_8);
        if (settings.oneExecAtATime() && !machine.oneExec.tryAcquire(seconds, TimeUnit.SECONDS)) {
            throw late();
        }
        try {
            CompletableFuture<FlyGuest.Ended> end = guest.run(command, input);
            FlyGuest.Ended ended = end.get(seconds == 0 ? DEFAULT_SECONDS : seconds, TimeUnit.SECONDS);
            exchange.answer(200, answer(ended.exitCode(), ended.stdout(), ended.stderr()));
        } catch (TimeoutException e) {
            // the command goes on, and what it prints is lost
            throw late();
        } catch (ExecutionException | CancellationException e) {
            throw FlyRefusal.precondition("machine not running");
        } finally {
            if (settings.oneExecAtATime()) {
                machine.oneExec.release();
            }
        }
    }

    private static RuntimeException late() {
        return FlyRefusal.late("Post \"http://unix/v1/exec\": net/http: request canceled"
                + " (Client.Timeout exceeded while awaiting headers)");
    }

    private static ObjectNode answer(int code, String stdout, String stderr) {
        boolean signalled = code > SIGNALLED && code < SIGNALLED + 65;
        return Json.object()
                .put("exit_code", signalled ? 0 : code)
                .put("exit_signal", signalled ? code - SIGNALLED : 0)
                .put("stdout", stdout)
                .put("stderr", stderr);
    }

    private static List<String> command(JsonNode body) {
        List<String> words = new ArrayList<>();
        body.path("command").forEach(word -> words.add(word.asText()));
        if (words.isEmpty()) {
            words.addAll(split(body.path("cmd").asText("")));
        }
        if (words.isEmpty()) {
            throw FlyRefusal.invalid("command is required");
        }
        return words;
    }

    /** Into words with a shell's quotes, but by no shell. */
    static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean begun = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && Character.isWhitespace(c)) {
                if (begun) {
                    words.add(word.toString());
                    word.setLength(0);
                    begun = false;
                }
            } else if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
                begun = true;
            } else if (c == quote) {
                quote = 0;
            } else if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
                begun = true;
            } else {
                word.append(c);
                begun = true;
            }
        }
        if (begun) {
            words.add(word.toString());
        }
        return words;
    }

    private void signal(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "signal");
        if (!body.has("signal")) {
            throw FlyRefusal.invalid("signal is required");
        }
        String signal = body.path("signal").asText();
        fleet.alone(() -> {
            FlyMachine machine = fleet.machine(exchange.parameter("app"), exchange.parameter("machine"));
            if (!machine.state.equals("started")) {
                throw FlyRefusal.precondition("machine not running");
            }
            // whatever the signal: the main process of a sandbox ends by it
            if (List.of("SIGTERM", "SIGKILL", "SIGINT", "9").contains(signal)) {
                fleet.stop(machine);
            }
            return machine;
        });
        exchange.answer(200, FlyMachineRoutes.ok());
    }
}

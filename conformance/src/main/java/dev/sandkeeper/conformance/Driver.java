package dev.sandkeeper.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the program that drives a simulator with the provider's own SDK. */
final class Driver {
    private static final Logger LOG = LoggerFactory.getLogger(Driver.class);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final Path directory;
    private final ScheduledExecutorService timer;

    /**
     * @param directory holds {@code drive.mjs} and what npm has installed for it
     * @param timer ends a driver that hangs
     */
    Driver(Path directory, ScheduledExecutorService timer) {
        this.directory = directory;
        this.timer = timer;
    }

    /**
     * Runs groups of calls.
     *
     * @param simulator what is driven
     * @param stopAtFailure whether the first failure ends it
     * @param groups none for all
     */
    List<Witnessed> run(Provider.Running simulator, boolean stopAtFailure, List<String> groups) throws IOException {
        List<String> command = new ArrayList<>(List.of("node", "drive.mjs"));
        command.addAll(groups);
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(simulator.forWitness());
        builder.environment().put("WITNESS_STOP", stopAtFailure ? "1" : "0");
        Process process = builder.start();
        ScheduledFuture<?> alarm = timer.schedule(process::destroyForcibly, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        List<Witnessed> witnessed = new ArrayList<>();
        boolean done = false;
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
                Writer in = process.outputWriter(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (!line.startsWith("@")) {
                    LOG.info("driver: {}", line);
                    continue;
                }
                JsonNode message = MAPPER.readTree(line.substring(1));
                if (message.has("call")) {
                    witnessed.add(witnessed(message));
                } else if (message.has("done")) {
                    done = true;
                } else {
                    obey(message, simulator.faults());
                    in.write("ok\n");
                    in.flush();
                }
            }
        } finally {
            alarm.cancel(false);
            process.destroyForcibly();
        }
        if (!done) {
            witnessed.add(new Witnessed("driver", "comes to its end", false, "it ended before"));
        }
        return witnessed;
    }

    private static Witnessed witnessed(JsonNode message) {
        return new Witnessed(
                message.path("call").asText(),
                message.path("outcome").asText(),
                message.path("passed").asBoolean(),
                message.path("detail").asText(""));
    }

    private static void obey(JsonNode message, SimulatorFaults faults) {
        JsonNode fault = message.path("fault");
        if (fault.isMissingNode()) {
            faults.heal();
            return;
        }
        SimulatorFault.Kind kind =
                SimulatorFault.Kind.valueOf(fault.path("kind").asText().toUpperCase(Locale.ROOT));
        Duration time = Duration.ofMillis(fault.path("millis").asLong(0));
        int status = fault.path("status").asInt(0);
        faults.next(
                fault.path("route").asText(),
                status == 0 ? SimulatorFault.of(kind, time) : new SimulatorFault(kind, time, status));
    }
}

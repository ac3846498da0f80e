package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * An in-memory provider in a process of its own, and its witness: what it has, what it has done, and what goes wrong with it
 * next. It outlives JVMs that use it and ends with the JVM that started it. Safe from many threads.
 */
public final class ProviderProcess implements AutoCloseable {
    private final Process process;
    private final int port;
    private final RemoteCalls calls;

    private ProviderProcess(Process process, int port) {
        this.process = process;
        this.port = port;
        this.calls = new RemoteCalls(port);
    }

    /**
     * Starts a provider: this JVM's own {@code java} with its class path.
     *
     * @return the provider, once it serves
     * @throws IOException if it does not start
     */
    public static ProviderProcess start() throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        java,
                        // what the JVM itself says would come between the lines of the program
                        "-XX:+DisplayVMOutputToStderr",
                        "-Xlog:disable",
                        "-Xlog:all=warning:stderr",
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        InMemoryProviderServer.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
            String line = lines.readLine();
            if (line == null || !line.startsWith("port=")) {
                throw new IOException("the provider's process said: " + line);
            }
            return new ProviderProcess(process, Integer.parseInt(line.substring("port=".length())));
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /**
     * Where it serves, for {@link InMemoryBackend#connect} in any JVM of this host.
     *
     * @return the port on the loopback interface
     */
    public int port() {
        return port;
    }

    /**
     * Everything that exists, of all deployments.
     *
     * @return as {@link InMemoryProvider#resources()}
     */
    public List<InMemoryProvider.Witnessed> resources() {
        return calls.call(Wire.Op.RESOURCES, wire -> {}, wire -> {
            List<InMemoryProvider.Witnessed> resources = new ArrayList<>();
            for (long left = wire.number(); left > 0; left--) {
                resources.add(new InMemoryProvider.Witnessed(
                        wire.text(),
                        wire.text(),
                        wire.id(),
                        wire.instant(),
                        wire.instantOrNull(),
                        ProviderState.valueOf(wire.text()),
                        wire.texts()));
            }
            return resources;
        });
    }

    /**
     * Everything that was done.
     *
     * @return as {@link InMemoryProvider#journal()}
     */
    public List<InMemoryProvider.Event> journal() {
        return calls.call(Wire.Op.JOURNAL, wire -> {}, wire -> {
            List<InMemoryProvider.Event> events = new ArrayList<>();
            for (long left = wire.number(); left > 0; left--) {
                events.add(new InMemoryProvider.Event(
                        wire.instant(),
                        InMemoryProvider.Action.valueOf(wire.text()),
                        wire.text(),
                        wire.text(),
                        wire.id()));
            }
            return events;
        });
    }

    /**
     * As {@link InMemoryProvider#lose}.
     *
     * @param providerRef the provider's name for the sandbox
     */
    public void lose(String providerRef) {
        calls.run(Wire.Op.LOSE, wire -> wire.text(providerRef));
    }

    /**
     * As {@link InMemoryProvider#leaveHalfMade}.
     *
     * @param request what was to be created
     * @return the provider's name for it
     */
    public String leaveHalfMade(ProvisionRequest request) {
        return calls.call(Wire.Op.LEAVE_HALF_MADE, wire -> RemoteBackend.send(wire, request), Wire::text);
    }

    /**
     * As {@link FaultPlan#next}; for all JVMs together.
     *
     * @param operation which operation
     * @param fault how it goes wrong
     */
    public void nextFault(FaultPlan.Operation operation, Fault fault) {
        plan(Wire.Op.NEXT_FAULT, operation, fault);
    }

    /**
     * As {@link FaultPlan#always}; for all JVMs together.
     *
     * @param operation which operation
     * @param fault how it goes wrong
     */
    public void alwaysFault(FaultPlan.Operation operation, Fault fault) {
        plan(Wire.Op.STANDING_FAULT, operation, fault);
    }

    private void plan(Wire.Op op, FaultPlan.Operation operation, Fault fault) {
        calls.run(
                op,
                wire -> wire.text(operation.name())
                        .text(fault.kind().name())
                        .number(fault.time().toNanos()));
    }

    /**
     * As {@link FaultPlan#calls}; of all JVMs together.
     *
     * @param operation which operation
     * @return the number of calls that were begun
     */
    public int calls(FaultPlan.Operation operation) {
        return calls.call(Wire.Op.CALLS, wire -> wire.text(operation.name()), wire -> (int) wire.number());
    }

    /** As {@link FaultPlan#heal}. */
    public void heal() {
        calls.run(Wire.Op.HEAL, wire -> {});
    }

    /** Ends the process and all its sandboxes; by force if it is not gone within 5 seconds. Idempotent. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

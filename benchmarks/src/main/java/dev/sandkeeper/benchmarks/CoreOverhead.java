package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What the manager adds to a backend's own work: activity, deadline, capture. The backend is in memory. */
final class CoreOverhead {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final String DIRECT = "in-memory backend, directly";
    private static final String EXEC = "sandbox.exec over it";
    private static final ProcessRequest REQUEST =
            new ProcessRequest(List.of("true"), Map.of(), SandboxSpec.WORKSPACE, null, false, DEADLINE);

    private final Options options;
    private final Report report;

    CoreOverhead(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    double microseconds() throws Exception {
        Timings warmingUp = new Timings();
        Timings measured = new Timings();
        int rounds = options.times(60, 10);
        try (InMemoryBackend backend = InMemoryBackend.create();
                SandboxManager manager = SandboxManager.builder()
                        .backend(InMemoryBackend.create())
                        .store(SandboxStore.inMemory())
                        .build()) {
            for (int round = 0; round < rounds; round++) {
                round(backend, manager, round < rounds / 2 ? warmingUp : measured);
            }
        }
        report.title("`true` in memory, one thread");
        report.latency(measured);
        return (measured.of(EXEC).nanos(0.5) - measured.of(DIRECT).nanos(0.5)) / 1e3;
    }

    /** With new sandboxes, because the in-memory backend keeps every process until its sandbox is closed. */
    private static void round(SandboxBackend backend, SandboxManager manager, Timings all) throws Exception {
        Command command = Command.builder("true").deadline(DEADLINE).build();
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build());
                BackendSandbox direct = backend.create(request())) {
            List<Variant> both = List.of(
                    new Variant(DIRECT, worker -> require(run(direct))),
                    new Variant(EXEC, worker -> require(sandbox.exec(command).exitCode())));
            // one call each, or the machine's ups and downs are greater than what is looked for
            new Latency(500, 1, Duration.ZERO).measure(both, all);
            backend.destroy(direct.providerRef());
        }
    }

    private static ProvisionRequest request() {
        Instant now = Clock.systemUTC().instant();
        return new ProvisionRequest(
                "bench",
                SandboxId.generate(now.toEpochMilli()),
                now,
                null,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {});
    }

    private static int run(BackendSandbox sandbox) throws InterruptedException {
        try (BackendProcess process = sandbox.start(REQUEST)) {
            ExitStatus status = process.pump(Nowhere.INSTANCE);
            return status.exitCode();
        }
    }

    private static void require(int exitCode) {
        if (exitCode != 0) {
            throw new IllegalStateException("true exited with " + exitCode);
        }
    }

    private enum Nowhere implements OutputSink {
        INSTANCE;

        @Override
        public void stdout(byte[] buffer, int offset, int length) {}

        @Override
        public void stderr(byte[] buffer, int offset, int length) {}
    }
}

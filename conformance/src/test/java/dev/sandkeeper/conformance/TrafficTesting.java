package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a backend of ours asks and the simulator answers is what the provider publishes, where its files are found beside this
 * repository.
 */
@Needs(Component.BUBBLEWRAP)
@Timeout(120)
abstract class TrafficTesting {
    private static final Path SPECS = Path.of("../../shared/specs");
    private static final Clock CLOCK = Clock.systemUTC();

    @TempDir
    Path directory;

    /** A simulator, and a backend that knows it. */
    interface Simulated extends AutoCloseable {
        SandboxBackend backend();

        @Override
        void close();
    }

    /** Starts the simulator. */
    abstract Simulated simulate(SandboxBackend backing, Consumer<SimulatorTraffic> traffic);

    /** The directory of the provider's files. */
    abstract String provider();

    abstract List<TrafficCheck> checks(Path specs) throws IOException;

    @Test
    final void ourRequestsAndAnswersAreAsPublished() throws Exception {
        List<SimulatorTraffic> traffic = new CopyOnWriteArrayList<>();
        try (SandboxBackend local = LocalBackend.builder()
                        .stateDirectory(directory.resolve("state"))
                        .build();
                Simulated simulated = simulate(local, traffic::add);
                SandboxBackend backend = simulated.backend()) {
            use(backend);
        }
        assertThat(traffic).hasSizeGreaterThan(20);
        Path specs = SPECS.resolve(provider());
        if (Files.isDirectory(specs)) {
            List<TrafficCheck> checks = checks(specs);
            assertThat(traffic.stream()
                            .flatMap(each -> checks.stream().flatMap(check -> check.violations(each).stream())))
                    .isEmpty();
        }
    }

    private static void use(SandboxBackend backend) throws Exception {
        SandboxId id = SandboxId.generate(CLOCK.millis());
        Instant now = CLOCK.instant();
        SandboxSpec spec =
                SandboxSpec.builder().network(Network.full()).port(8080).build();
        BackendSandbox sandbox = backend.create(new ProvisionRequest(
                "traffic", id, now, now.plus(Duration.ofHours(1)), spec, Map.of("A", "b"), text -> {}));
        String ref = sandbox.providerRef();
        assertThat(backend.find("traffic", id)).hasValue(ref);
        assertThat(backend.listOwned("traffic").resources()).hasSize(1);
        assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
        assertThat(backend.extend(ref, now.plus(Duration.ofMinutes(30)))).isAfter(now);
        assertThat(run(sandbox, "cat; echo $A; exit 3", "in\n")).isEqualTo("in\nb\n3");
        use(sandbox.files());
        backend.usage(ref);
        if (backend.capabilities().contains(Capability.PAUSE)) {
            backend.pause(ref);
            assertThat(backend.state(ref)).isEqualTo(ProviderState.PAUSED);
            backend.resume(ref);
        }
        if (backend.capabilities().contains(Capability.SNAPSHOT)) {
            snapshot(backend, ref, now);
        }
        try (BackendSandbox again = backend.attach(ref)) {
            assertThat(again.endpoint(8080)).isEqualTo(sandbox.endpoint(8080));
        }
        sandbox.close();
        backend.destroy(ref);
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        backend.destroy(ref);
        assertThat(backend.health().usable()).isTrue();
    }

    private static void snapshot(SandboxBackend backend, String ref, Instant now) throws Exception {
        Snapshot snapshot = backend.snapshot("traffic", ref, "one");
        assertThat(backend.snapshots("traffic")).extracting(Snapshot::image).containsExactly(snapshot.image());
        BackendSandbox copy = backend.create(new ProvisionRequest(
                "traffic",
                SandboxId.generate(CLOCK.millis()),
                now,
                now.plus(Duration.ofHours(1)),
                SandboxSpec.builder().image(snapshot.image()).build(),
                Map.of(),
                text -> {}));
        assertThat(run(copy, "cat kept", "")).isEqualTo("kept0");
        copy.close();
        backend.destroy(copy.providerRef());
        backend.deleteSnapshot("traffic", snapshot.image());
        backend.deleteSnapshot("traffic", snapshot.image());
        assertThat(backend.snapshots("traffic")).isEmpty();
    }

    private static void use(BackendFiles files) throws Exception {
        files.write("/workspace/kept", new ByteArrayInputStream("kept".getBytes(StandardCharsets.UTF_8)), -1);
        files.makeDirectory("/workspace/d");
        files.write("/workspace/d/a", new ByteArrayInputStream("one".getBytes(StandardCharsets.UTF_8)), -1);
        files.append("/workspace/d/a", new ByteArrayInputStream("two".getBytes(StandardCharsets.UTF_8)));
        try (InputStream in = files.read("/workspace/d/a")) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("onetwo");
        }
        assertThat(files.stat("/workspace/d/a").size()).isEqualTo(6);
        assertThat(files.list("/workspace/d", 10)).hasSize(1);
        files.move("/workspace/d/a", "/workspace/d/b");
        files.remove("/workspace/d", true);
    }

    private static String run(BackendSandbox sandbox, String script, String input) throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        ProcessRequest request = new ProcessRequest(
                List.of("sh", "-c", script), Map.of(), "/workspace", null, true, Duration.ofSeconds(30));
        try (BackendProcess process = sandbox.start(request)) {
            process.stdin().write(input.getBytes(StandardCharsets.UTF_8));
            process.stdin().close();
            int code = process.pump(new OutputSink() {
                        @Override
                        public void stdout(byte[] buffer, int offset, int length) {
                            text.write(buffer, offset, length);
                        }

                        @Override
                        public void stderr(byte[] buffer, int offset, int length) {
                            text.write(buffer, offset, length);
                        }
                    })
                    .exitCode();
            return text.toString(StandardCharsets.UTF_8) + code;
        }
    }
}

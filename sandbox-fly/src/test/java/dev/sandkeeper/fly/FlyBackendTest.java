package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.fly.FlyNoRoom;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Needs(Component.BUBBLEWRAP)
class FlyBackendTest {
    private static final String CREATE = "POST /v1/apps/{app}/machines";
    private static final String EXEC = "POST /v1/apps/{app}/machines/{machine}/exec";
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    private final Queue<SimulatorTraffic> traffic = new ConcurrentLinkedQueue<>();
    private SandboxBackend local;
    private FlySimulator simulator;
    private FlyBackend backend;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    FlyBackendTest() {}

    @BeforeEach
    void start() {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        simulator = FlySimulator.builder(local).traffic(traffic::add).start();
        backend = builder().build();
    }

    @AfterEach
    void stop() {
        backend.close();
        simulator.close();
        local.close();
    }

    private FlyBackendBuilder builder() {
        return FlyBackend.builder(simulator.token(), "sandboxes")
                .organization(FlySimulator.ORGANIZATION)
                .url(simulator.uri());
    }

    static SandboxSpec spec() {
        return SandboxSpec.builder().network(Network.full()).build();
    }

    static ProvisionRequest request() {
        Instant now = Clock.systemUTC().instant().truncatedTo(ChronoUnit.MILLIS);
        return new ProvisionRequest(
                "tests", SandboxId.generate(now.toEpochMilli()), now, null, spec(), Map.of(), text -> {});
    }

    static String run(BackendSandbox sandbox, String script) throws InterruptedException {
        ProcessRequest request = new ProcessRequest(
                List.of("sh", "-c", script), Map.of(), "/workspace", null, false, Duration.ofSeconds(30));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (BackendProcess process = sandbox.start(request)) {
            ExitStatus status = process.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) {
                    out.write(buffer, offset, length);
                }

                @Override
                public void stderr(byte[] buffer, int offset, int length) {
                    out.write(buffer, offset, length);
                }
            });
            out.writeBytes((" " + status.exitCode()).getBytes(StandardCharsets.US_ASCII));
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aWriteThatIsInterruptedLeavesNothingHalfMade() throws Exception {
        BackendSandbox sandbox = backend.create(request());
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        try {
            for (int delay : new int[] {50, 120, 50, 120}) {
                Thread me = Thread.currentThread();
                ScheduledFuture<?> interrupt = clock.schedule(me::interrupt, delay, TimeUnit.MILLISECONDS);
                assertThatThrownBy(() -> sandbox.files()
                                .write("/workspace/f", new ByteArrayInputStream(new byte[2_000_000]), -1))
                        .isInstanceOf(SandboxInterruptedException.class);
                interrupt.get();
                assertThat(Thread.interrupted()).isTrue();
            }
        } finally {
            clock.shutdownNow();
        }
        // what is tidied up after a while stays so
        Thread.sleep(10_000);
        assertThat(run(sandbox, "ls -A")).isEqualTo(" 0");
    }

    private static ProcessRequest named(String variable) {
        return new ProcessRequest(
                List.of("sh", "-c", "exit 3"),
                Map.of(variable, "x"),
                "/workspace",
                null,
                false,
                Duration.ofSeconds(30));
    }

    @Test
    void aVariableThatAShellWouldFailAtIsRefusedByName() throws InterruptedException {
        BackendSandbox sandbox = backend.create(request());
        int before = simulator.faults().calls(EXEC);
        for (String name : List.of("OPTIND", "IFS", "PPID", "UID", "__sk_n", "a b", "x;exit 0;y")) {
            assertThatThrownBy(() -> sandbox.start(named(name)))
                    .isInstanceOfSatisfying(
                            CommandNotStartableException.class,
                            e -> assertThat(e.code()).isEqualTo("environment_name_refused"))
                    .hasMessageContaining(name);
        }
        assertThat(simulator.faults().calls(EXEC)).isEqualTo(before);
        for (String name : List.of("PWD", "SHLVL", "_", "RANDOM", "PS4", "FUNCNEST")) {
            try (BackendProcess process = sandbox.start(named(name))) {
                assertThat(process.pump(new Nowhere()).exitCode()).as(name).isEqualTo(3);
            }
        }
        SandboxSpec spec = spec().toBuilder().environment("OPTIND", "x").build();
        assertThatThrownBy(() -> backend.validate(spec))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("OPTIND");
    }

    private static final class Nowhere implements OutputSink {
        @Override
        public void stdout(byte[] buffer, int offset, int length) {}

        @Override
        public void stderr(byte[] buffer, int offset, int length) {}
    }

    @Test
    void aCreateWhoseAnswerWasLostIsFoundByItsName() throws InterruptedException {
        simulator.faults().next(CREATE, SimulatorFault.of(Kind.LOST_ANSWER));
        simulator.faults().listsLagBy(Duration.ofMinutes(1));
        ProvisionRequest request = request();
        BackendSandbox sandbox = backend.create(request);
        assertThat(run(sandbox, "echo alive")).isEqualTo("alive\n 0");
        assertThat(simulator.faults().calls(CREATE)).isEqualTo(2);
        simulator.faults().listsLagBy(Duration.ZERO);
        assertThat(backend.listOwned("tests").resources())
                .extracting(OwnedResource::providerRef)
                .containsExactly(sandbox.providerRef());
    }

    @Test
    void theNextRegionIsTriedWhereOneHasNoRoom() {
        backend.close();
        backend = builder().regions("lhr", "fra").build();
        simulator.room("lhr", FlyNoRoom.REGION_FULL);
        String ref = backend.create(request()).providerRef();
        assertThat(traffic).anySatisfy(each -> assertThat(each.answerText()).contains("\"region\":\"fra\""));
        assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
        for (FlyNoRoom why : FlyNoRoom.values()) {
            simulator.room("lhr", why);
            simulator.room("fra", why);
            assertThatThrownBy(() -> backend.create(request()))
                    .isInstanceOfSatisfying(
                            BackendUnavailableException.class,
                            e -> assertThat(e.code()).isEqualTo("no_capacity"));
        }
        assertThat(backend.listOwned("tests").resources()).hasSize(1);
    }

    @Test
    void aCommandRunsOnceHoweverOftenItsStartIsLost() throws InterruptedException {
        BackendSandbox sandbox = backend.create(request());
        for (Kind kind : List.of(Kind.LOST_ANSWER, Kind.CUT, Kind.LOST_REQUEST)) {
            simulator.faults().next(EXEC, SimulatorFault.of(kind));
            assertThat(run(sandbox, "echo x >> runs; echo done")).isEqualTo("done\n 0");
        }
        simulator.faults().next(EXEC, SimulatorFault.serverError(503));
        simulator.faults().next(EXEC, SimulatorFault.of(Kind.RATE_LIMITED));
        assertThat(run(sandbox, "wc -l < runs")).isEqualTo("3\n 0");
    }

    @Test
    void theMachineEndsItselfAtItsEndUnlessThatIsMoved() {
        ProvisionRequest plain = request();
        Instant soon = Clock.systemUTC().instant().plusSeconds(4);
        String short1 = backend.create(ending(plain, soon)).providerRef();
        String moved = backend.create(ending(request(), soon)).providerRef();
        assertThat(backend.extend(moved, Clock.systemUTC().instant().plusSeconds(600)))
                .isAfter(Clock.systemUTC().instant().plusSeconds(500));
        await().atMost(PATIENCE).until(() -> backend.state(short1) == ProviderState.GONE);
        await().atMost(PATIENCE)
                .until(() -> backend.find("tests", plain.sandboxId()).isEmpty());
        assertThat(backend.state(moved)).isEqualTo(ProviderState.PRESENT);
    }

    private static ProvisionRequest ending(ProvisionRequest plain, Instant end) {
        return new ProvisionRequest(
                plain.deployment(),
                plain.sandboxId(),
                plain.createdAt(),
                end,
                plain.spec(),
                plain.environment(),
                plain.progress());
    }

    @Test
    void destroysWhatIsStillListedOrAlreadyForgotten() {
        String ref = backend.create(request()).providerRef();
        simulator.faults().transitionsTake(Duration.ofSeconds(1));
        backend.destroy(ref);
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        backend.destroy("sandboxes/00000000000000");
        assertThatThrownBy(() -> backend.destroy("../apps/x")).isInstanceOf(BackendRejectedException.class);
    }

    @Test
    void refusesWhatFlyWouldRefuse() {
        assertInvalid(SandboxSpec.builder().build(), "network");
        assertInvalid(spec().toBuilder().cpus(3).build(), "cpus");
        assertInvalid(spec().toBuilder().cpus(0.5).build(), "cpus");
        assertInvalid(spec().toBuilder().memory(MemorySize.megabytes(300)).build(), "memory");
        assertInvalid(spec().toBuilder().memory(MemorySize.gigabytes(4)).build(), "memory");
        assertInvalid(
                spec().toBuilder().cpus(4).memory(MemorySize.megabytes(512)).build(), "memory");
        assertInvalid(spec().toBuilder().maxOpenFiles(64).build(), "maxOpenFiles");
        assertInvalid(spec().toBuilder().image("not an image").build(), "image");
        backend.validate(spec().toBuilder().cpus(4).build());
        backend.validate(spec().toBuilder().memory(MemorySize.gigabytes(2)).build());
        assertThatThrownBy(() -> backend.validate(spec().toBuilder().port(80).build()))
                .isInstanceOf(CapabilityMissingException.class);
    }

    private void assertInvalid(SandboxSpec spec, String field) {
        assertThatThrownBy(() -> backend.validate(spec)).isInstanceOfSatisfying(SpecInvalidException.class, e -> {
            assertThat(e).hasMessageContaining(field);
            assertThat(e.remedy()).isPresent();
        });
    }

    @Test
    void aMissingAppIsMadeOrSaysWhatToDo() {
        try (FlyBackend without = builder().organization(null).build()) {
            assertThat(without.health().usable()).isFalse();
            assertThatThrownBy(() -> without.create(request()))
                    .isInstanceOfSatisfying(
                            BackendRejectedException.class,
                            e -> assertThat(e.code()).isEqualTo("app_not_found"));
        }
        assertThat(backend.health().usable()).isTrue();
        assertThat(backend.listOwned("tests").complete()).isFalse();
        backend.create(request());
        assertThat(backend.listOwned("tests").complete()).isTrue();
    }

    @Test
    void aWrongAddressOrOrganizationIsNoGoneSandbox() {
        URI elsewhere = URI.create(simulator.uri() + "/nope");
        assertRefused(builder().url(elsewhere), "api_not_found", "FLY_FLAPS_BASE_URL");
        assertRefused(builder().url(elsewhere).appPerSandbox(), "api_not_found", "url");
        assertRefused(builder().organization("nope"), "organization_not_found", "FLY_ORG");
        assertRefused(builder().organization("nope").appPerSandbox(), "organization_not_found", "organization");
        try (FlyBackend wrong = builder().url(elsewhere).appPerSandbox().build()) {
            assertThatThrownBy(() -> wrong.listOwned("tests")).isInstanceOf(BackendRejectedException.class);
        }
        try (FlyBackend right = builder().build();
                BackendSandbox sandbox = right.create(request());
                FlyBackend wrong = builder().url(elsewhere).build()) {
            assertThatThrownBy(() -> wrong.destroy(sandbox.providerRef())).isInstanceOf(BackendRejectedException.class);
            right.destroy(sandbox.providerRef());
        }
    }

    private static void assertRefused(FlyBackendBuilder settings, String code, String remedy) {
        try (FlyBackend wrong = settings.build()) {
            assertThatThrownBy(() -> wrong.create(request()))
                    .isInstanceOfSatisfying(BackendRejectedException.class, e -> {
                        assertThat(e.code()).isEqualTo(code);
                        assertThat(e.remedy())
                                .hasValueSatisfying(text -> assertThat(text).contains(remedy));
                    });
        }
    }

    @Test
    void aWrongTokenIsSaidAndNotShown() {
        try (FlyBackend wrong = FlyBackend.builder("fm2_marked-and-secret", "sandboxes")
                .url(simulator.uri())
                .build()) {
            assertThat(wrong.health().usable()).isFalse();
            assertThatThrownBy(() -> wrong.create(request()))
                    .isInstanceOfSatisfying(BackendRejectedException.class, e -> {
                        assertThat(e.code()).isEqualTo("credentials_rejected");
                        assertThat(e.getMessage()).doesNotContain("marked");
                    });
            assertThat(wrong.toString()).doesNotContain("marked");
        }
    }
}

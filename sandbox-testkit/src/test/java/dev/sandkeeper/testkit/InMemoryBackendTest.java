package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What the contract does not ask of every backend. */
class InMemoryBackendTest {
    private static final OutputSink NOWHERE = new OutputSink() {
        @Override
        public void stdout(byte[] buffer, int offset, int length) {}

        @Override
        public void stderr(byte[] buffer, int offset, int length) {}
    };

    private final MutableClock clock = MutableClock.create();
    private final InMemoryProvider provider = InMemoryProvider.at(clock);
    private final InMemoryBackend backend = InMemoryBackend.over(provider);

    @Test
    void sleepsAndDeadlinesGoByTheClock() throws ExecutionException, InterruptedException, TimeoutException {
        try (BackendSandbox sandbox = backend.create(request(null))) {
            CompletableFuture<ExitStatus> slept = exec(sandbox, null, "sleep", "3600");
            CompletableFuture<ExitStatus> ended = exec(sandbox, Duration.ofMinutes(1), "sleep", "3600");
            await().until(() -> provider.resources().get(0).running().size() == 2);
            clock.advance(Duration.ofMinutes(1));
            assertThat(ended.get(5, TimeUnit.SECONDS)).isEqualTo(new ExitStatus(143, true));
            assertThat(slept).isNotDone();
            clock.advance(Duration.ofHours(1));
            assertThat(slept.get(5, TimeUnit.SECONDS)).isEqualTo(new ExitStatus(0, false));
            backend.destroy(sandbox.providerRef());
        }
    }

    @Test
    void knowsNoCommandAnyMoreThatIsOver() throws InterruptedException {
        try (BackendSandbox sandbox = backend.create(request(null))) {
            for (int i = 0; i < 50; i++) {
                try (BackendProcess process = sandbox.start(
                        new ProcessRequest(List.of("true"), Map.of(), SandboxSpec.WORKSPACE, null, false, null))) {
                    assertThat(process.pump(NOWHERE).exitCode()).isZero();
                }
            }
            assertThat(((InMemorySandbox) sandbox).known()).isEqualTo(1);
            backend.destroy(sandbox.providerRef());
        }
    }

    @Test
    void keepsTheEndThatWasSetAndExtendsIt() {
        Instant end = clock.instant().plusSeconds(60);
        String ref = backend.create(request(end)).providerRef();
        assertThat(backend.extend(ref, end.plusSeconds(60))).isEqualTo(end.plusSeconds(60));
        clock.advance(Duration.ofSeconds(119));
        assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
        clock.advance(Duration.ofSeconds(1));
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(provider.journal())
                .extracting(InMemoryProvider.Event::action)
                .containsExactly(InMemoryProvider.Action.CREATED, InMemoryProvider.Action.EXPIRED);
    }

    @Test
    void sharesTheProviderBetweenBackends() {
        String ref = backend.create(request(null)).providerRef();
        InMemoryBackend other = InMemoryBackend.over(provider);
        assertThat(other.state(ref)).isEqualTo(ProviderState.PRESENT);
        other.destroy(ref);
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(provider.resources()).isEmpty();
    }

    @Test
    void losesASandboxWithoutATraceInTheJournal() {
        String ref = backend.create(request(null)).providerRef();
        provider.lose(ref);
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(provider.journal()).hasSize(1);
    }

    @Test
    void refusesASecondSandboxOfTheSameIdAndAnImageThatIsMissing() {
        ProvisionRequest request = request(null);
        backend.create(request);
        assertThatThrownBy(() -> backend.create(request))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.code()).isEqualTo("sandbox_exists"));
        ProvisionRequest missing = new ProvisionRequest(
                "d",
                SandboxId.generate(2),
                clock.instant(),
                null,
                SandboxSpec.builder().image("missing/image").build(),
                Map.of(),
                text -> {});
        assertThatThrownBy(() -> backend.create(missing))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.code()).isEqualTo("image_not_found"));
    }

    @Test
    void answersAnInterruptAndAClosedBackend() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> backend.create(request(null))).isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        backend.close();
        assertThatThrownBy(() -> backend.listOwned("d")).isInstanceOf(HandleClosedException.class);
    }

    private ProvisionRequest request(Instant expiresAt) {
        return new ProvisionRequest(
                "d",
                SandboxId.generate(clock.millis()),
                clock.instant(),
                expiresAt,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {});
    }

    private static CompletableFuture<ExitStatus> exec(BackendSandbox sandbox, Duration deadline, String... arguments) {
        BackendProcess process =
                sandbox.start(new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, deadline));
        CompletableFuture<ExitStatus> status = new CompletableFuture<>();
        // a thread each: the common pool has one where there are two processors
        Thread pump = new Thread(() -> {
            try {
                status.complete(process.pump(NOWHERE));
            } catch (InterruptedException | RuntimeException e) {
                status.completeExceptionally(e);
            }
        });
        pump.setDaemon(true);
        pump.start();
        return status;
    }
}

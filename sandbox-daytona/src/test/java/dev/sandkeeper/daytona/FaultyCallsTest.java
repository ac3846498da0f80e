package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers that are lost, late, cut or refused. */
@Needs(Component.BUBBLEWRAP)
@Timeout(60)
class FaultyCallsTest {
    private static final String CREATE = "POST /api/sandbox";
    private static final String SESSION = "/toolbox/{sandboxId}/process/session";

    @TempDir
    Path state;

    private Simulated simulated;
    private DaytonaBackend backend;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    FaultyCallsTest() {}

    @BeforeEach
    void start() {
        simulated = Simulated.byLocal(state);
        backend = simulated.backend();
    }

    @AfterEach
    void stop() {
        backend.close();
        simulated.close();
    }

    private SimulatorFaults faults() {
        return simulated.simulator().faults();
    }

    private static ProvisionRequest request(@Nullable Instant expiresAt) {
        return new ProvisionRequest(
                "faults",
                SandboxId.generate(System.nanoTime()),
                Instant.ofEpochMilli(5),
                expiresAt,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {});
    }

    private String run(BackendSandbox sandbox, String script) throws InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ProcessRequest request = new ProcessRequest(
                List.of("sh", "-c", script), Map.of(), "/workspace", null, false, Duration.ofSeconds(40));
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
            return out.toString(StandardCharsets.ISO_8859_1) + "exit " + status.exitCode();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_ANSWER", "LOST_REQUEST", "CUT", "SERVER_ERROR"})
    void aCreateWhoseAnswerWasLostMakesOneSandboxAndNoMore(Kind kind) {
        faults().next(CREATE, SimulatorFault.of(kind));
        ProvisionRequest request = request(null);
        String ref = backend.create(request).providerRef();
        assertThat(backend.listOwned("faults").resources())
                .containsExactly(new OwnedResource(ref, request.sandboxId(), request.createdAt()));
        assertThat(backend.find("faults", request.sandboxId())).contains(ref);
    }

    @Test
    void aCreateThatIsNeverAnsweredIsLeftToWhoeverLooksForItById() {
        faults().always(CREATE, SimulatorFault.of(Kind.LOST_REQUEST));
        assertThatThrownBy(() -> backend.create(request(null))).isInstanceOf(OutcomeUnknownException.class);
        assertThat(backend.listOwned("faults").resources()).isEmpty();
    }

    @Test
    void aLimitIsWaitedForAsLongAsDaytonaSays() {
        Duration told = Duration.ofSeconds(4); // longer than any wait that is not told
        faults().next(CREATE, SimulatorFault.of(Kind.RATE_LIMITED, told));
        long start = System.nanoTime();
        assertThat(backend.create(request(null)).providerRef()).isNotEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(told);
        List<String> creates = simulated.simulator().requests().stream()
                .filter(each -> each.contains(CREATE + " -> "))
                .toList();
        assertThat(creates).hasSize(2);
    }

    @Test
    void aLimitThatAsksForMoreThanAnybodyWaitsIsToldWithItsTime() {
        faults().next(CREATE, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofHours(1)));
        assertThatThrownBy(() -> backend.create(request(null)))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("rate_limited"))
                .hasMessageContaining("3600 s");
        assertThat(simulated.simulator().sandboxes()).isZero();
    }

    @Test
    void aKeyThatIsNoneIsRefusedByName() {
        try (DaytonaBackend other = simulated.builder().apiKey("dtn_none").build()) {
            assertThatThrownBy(() -> other.create(request(null)))
                    .isInstanceOf(BackendRejectedException.class)
                    .hasMessageNotContaining("dtn_none");
            assertThat(other.health().usable()).isFalse();
        }
    }

    @Test
    void aSandboxInATransitionIsDestroyedOnceThatIsOver() {
        ProvisionRequest request = request(null);
        String ref = backend.create(request).providerRef();
        faults().transitionsTake(Duration.ofMillis(700));
        backend.destroy(ref);
        assertThat(backend.find("faults", request.sandboxId())).isEmpty();
    }

    @Test
    void aWrongClockOfThisHostDoesNoHarmToTheEndAtDaytona() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Instant until = now.plus(Duration.ofMinutes(40));
        for (int hours : new int[] {-2, 2}) {
            Clock wrong = Clock.fixed(now.plus(Duration.ofHours(hours)), ZoneOffset.UTC);
            try (DaytonaBackend other = simulated.builder().clock(wrong).build()) {
                String ref = other.create(request(until)).providerRef();
                Instant granted = other.extend(ref, until.plusSeconds(600));
                assertThat(granted).isBetween(until.plusSeconds(480), until.plusSeconds(720));
                other.destroy(ref);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_ANSWER", "LOST_REQUEST", "SERVER_ERROR"})
    void aCommandWhoseStartWasLostRunsOnce(Kind kind) throws InterruptedException {
        BackendSandbox sandbox = backend.create(request(null));
        faults().next("POST " + SESSION + "/{sessionId}/exec", SimulatorFault.of(kind));
        assertThat(run(sandbox, "echo x >> ran; cat ran; exit 3")).isEqualTo("x\nexit 3");
        faults().next("POST " + SESSION, SimulatorFault.of(kind));
        faults().next("POST /toolbox/{sandboxId}/files/bulk-upload", SimulatorFault.of(kind));
        assertThat(run(sandbox, "echo x >> ran; cat ran")).isEqualTo("x\nx\nexit 0");
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_REQUEST", "LOST_ANSWER", "CUT", "STALL", "SERVER_ERROR"})
    void aLogThatIsCutIsReadAgainAndNothingOfItTwice(Kind kind) throws InterruptedException {
        BackendSandbox sandbox = backend.create(request(null));
        String logs = "GET " + SESSION + "/{sessionId}/command/{commandId}/logs";
        for (int i = 0; i < 3; i++) {
            faults().next(logs, SimulatorFault.of(kind, Duration.ofMillis(300)));
        }
        String script = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; sleep 0.02; done; exit 5";
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 40; i++) {
            expected.append("line ").append(i).append('\n');
        }
        assertThat(run(sandbox, script)).isEqualTo(expected + "exit 5");
    }

    @Test
    void aLogThatFallsSilentIsAskedFor() throws InterruptedException {
        BackendSandbox sandbox = backend.create(request(null));
        String logs = "GET " + SESSION + "/{sessionId}/command/{commandId}/logs";
        faults().next(logs, SimulatorFault.of(Kind.STALL, Duration.ofMinutes(10)));
        assertThat(run(sandbox, "echo one; sleep 1; echo two; exit 5")).isEqualTo("one\ntwo\nexit 5");
    }

    @Test
    void aFileThatIsReadIsBrokenOffByAnInterruptAndByNothingElseOfThatName() throws Exception {
        BackendSandbox sandbox = backend.create(request(null));
        run(sandbox, "head -c 20000000 /dev/zero >f");
        try (InputStream file = sandbox.files().read("/workspace/f")) {
            assertThat(file.read()).isZero();
            Thread.currentThread().interrupt();
            assertThatThrownBy(file::readAllBytes)
                    .isInstanceOf(InterruptedIOException.class)
                    .hasCauseInstanceOf(SandboxInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
        faults().next("GET /toolbox/{sandboxId}/files/download", SimulatorFault.of(Kind.CUT));
        try (InputStream file = sandbox.files().read("/workspace/f")) {
            assertThatThrownBy(file::readAllBytes).hasCauseInstanceOf(BackendUnavailableException.class);
        }
    }

    @Test
    void outputInFilesIsFetchedAgainWhereItWasCut() throws InterruptedException {
        BackendSandbox sandbox = backend.create(request(null));
        String download = "GET /toolbox/{sandboxId}/files/download";
        faults().next(download, SimulatorFault.of(Kind.CUT)).next(download, SimulatorFault.of(Kind.LOST_ANSWER));
        String text = run(sandbox, "head -c 3000000 /dev/zero | tr '\\0' a");
        assertThat(text).hasSize(3_000_000 + 6).endsWith("aexit 0");
    }
}

package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers that are lost, late, cut or refused. */
class FaultyCallsTest extends SimulatedTests {
    private static final String CREATE = "POST /api/sandbox";
    private static final String SESSION = "/toolbox/{sandboxId}/process/session";

    @Test
    void aWrongAddressTargetOrSnapshotIsNoMissingSandbox() {
        String elsewhere = simulated.simulator().apiUrl() + "/nope";
        assertRefused(simulated.builder().apiUrl(elsewhere), "api_not_found", "DAYTONA_API_URL");
        assertRefused(simulated.builder().target("nope"), "target_not_found", "DAYTONA_TARGET");
        assertRefused(simulated.builder().snapshot("nope"), "image_not_found", "snapshot(...)");
        String ref = backend.create(provision(null)).providerRef();
        try (DaytonaBackend wrong = simulated.builder().apiUrl(elsewhere).build()) {
            assertThatThrownBy(() -> wrong.destroy(ref)).isInstanceOf(BackendRejectedException.class);
            assertThatThrownBy(() -> wrong.listOwned(DEPLOYMENT)).isInstanceOf(BackendRejectedException.class);
            assertThatThrownBy(() -> wrong.snapshots(DEPLOYMENT)).isInstanceOf(BackendRejectedException.class);
        }
    }

    private static void assertRefused(DaytonaBackendBuilder settings, String code, String remedy) {
        try (DaytonaBackend wrong = settings.build()) {
            assertThatThrownBy(() -> wrong.create(provision(null)))
                    .isInstanceOfSatisfying(BackendRejectedException.class, e -> {
                        assertThat(e.code()).isEqualTo(code);
                        assertThat(e.remedy())
                                .hasValueSatisfying(text -> assertThat(text).contains(remedy));
                    });
        }
    }

    private static String run(BackendSandbox sandbox, String script) throws InterruptedException {
        try (BackendProcess process = sandbox.start(request(false, Duration.ofSeconds(40), "sh", "-c", script))) {
            return ran(process).words();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_ANSWER", "LOST_REQUEST", "CUT", "SERVER_ERROR"})
    void aCreateWhoseAnswerWasLostMakesOneSandboxAndNoMore(Kind kind) {
        faults().next(CREATE, SimulatorFault.of(kind));
        ProvisionRequest request = provision(null);
        String ref = backend.create(request).providerRef();
        assertThat(backend.listOwned(DEPLOYMENT).resources())
                .containsExactly(new OwnedResource(ref, request.sandboxId(), request.createdAt()));
        assertThat(backend.find(DEPLOYMENT, request.sandboxId())).contains(ref);
    }

    @Test
    void aCreateThatIsNeverAnsweredIsLeftToWhoeverLooksForItById() {
        faults().always(CREATE, SimulatorFault.of(Kind.LOST_REQUEST));
        assertThatThrownBy(() -> backend.create(provision(null))).isInstanceOf(OutcomeUnknownException.class);
        assertThat(backend.listOwned(DEPLOYMENT).resources()).isEmpty();
    }

    @Test
    void aLimitIsWaitedForAsLongAsDaytonaSays() {
        Duration told = Duration.ofSeconds(4); // longer than any wait that is not told
        faults().next(CREATE, SimulatorFault.of(Kind.RATE_LIMITED, told));
        long start = System.nanoTime();
        assertThat(backend.create(provision(null)).providerRef()).isNotEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(told);
        List<String> creates = simulated.simulator().requests().stream()
                .filter(each -> each.contains(CREATE + " -> "))
                .toList();
        assertThat(creates).hasSize(2);
    }

    @Test
    void aLimitThatAsksForMoreThanAnybodyWaitsIsToldWithItsTime() {
        faults().next(CREATE, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofHours(1)));
        assertThatThrownBy(() -> backend.create(provision(null)))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("rate_limited"))
                .hasMessageContaining("3600 s");
        assertThat(simulated.simulator().sandboxes()).isZero();
    }

    @Test
    void aKeyThatIsNoneIsRefusedByName() {
        try (DaytonaBackend other = simulated.builder().apiKey("dtn_none").build()) {
            assertThatThrownBy(() -> other.create(provision(null)))
                    .isInstanceOf(BackendRejectedException.class)
                    .hasMessageNotContaining("dtn_none");
            assertThat(other.health().usable()).isFalse();
        }
    }

    @Test
    void aSandboxInATransitionIsDestroyedOnceThatIsOver() {
        ProvisionRequest request = provision(null);
        String ref = backend.create(request).providerRef();
        faults().transitionsTake(Duration.ofMillis(700));
        backend.destroy(ref);
        assertThat(backend.find(DEPLOYMENT, request.sandboxId())).isEmpty();
    }

    @Test
    void aWrongClockOfThisHostDoesNoHarmToTheEndAtDaytona() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Instant until = now.plus(Duration.ofMinutes(40));
        for (int hours : new int[] {-2, 2}) {
            Clock wrong = Clock.fixed(now.plus(Duration.ofHours(hours)), ZoneOffset.UTC);
            try (DaytonaBackend other = simulated.builder().clock(wrong).build()) {
                String ref = other.create(provision(until)).providerRef();
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
        BackendSandbox sandbox = backend.create(provision(null));
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
        BackendSandbox sandbox = backend.create(provision(null));
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
        BackendSandbox sandbox = backend.create(provision(null));
        String logs = "GET " + SESSION + "/{sessionId}/command/{commandId}/logs";
        faults().next(logs, SimulatorFault.of(Kind.STALL, Duration.ofMinutes(10)));
        assertThat(run(sandbox, "echo one; sleep 1; echo two; exit 5")).isEqualTo("one\ntwo\nexit 5");
    }

    @Test
    void aFileThatIsReadIsBrokenOffByAnInterruptAndByNothingElseOfThatName() throws Exception {
        BackendSandbox sandbox = backend.create(provision(null));
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
        BackendSandbox sandbox = backend.create(provision(null));
        String download = "GET /toolbox/{sandboxId}/files/download";
        faults().next(download, SimulatorFault.of(Kind.CUT)).next(download, SimulatorFault.of(Kind.LOST_ANSWER));
        String text = run(sandbox, "head -c 3000000 /dev/zero | tr '\\0' a");
        assertThat(text).hasSize(3_000_000 + 6).endsWith("aexit 0");
    }
}

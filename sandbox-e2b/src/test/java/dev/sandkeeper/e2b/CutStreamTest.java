package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Answers that are lost and streams that are cut, one by one. */
@Timeout(120)
@Needs(Component.BUBBLEWRAP)
class CutStreamTest {
    private static final String START = "POST /process.Process/Start";
    private static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");

    @TempDir
    Path directory;

    private Simulated e2b;
    private E2bBackend backend;

    @BeforeEach
    void start() {
        e2b = Simulated.byLocal(directory.resolve("state"));
        backend = e2b.hasty();
    }

    @AfterEach
    void stop() {
        backend.close();
        e2b.close();
    }

    private SimulatorFaults faults() {
        return e2b.simulator().faults();
    }

    private BackendSandbox create() {
        return backend.create(new ProvisionRequest(
                "cuts",
                SandboxId.generate(NOW.toEpochMilli()),
                NOW,
                null,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {}));
    }

    private static ProcessRequest script(String text, @Nullable Duration deadline) {
        return new ProcessRequest(List.of("sh", "-c", text), Map.of(), "/workspace", null, false, deadline);
    }

    private static final class Collected implements OutputSink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void stdout(byte[] buffer, int offset, int length) {
            bytes.write(buffer, offset, length);
        }

        @Override
        public void stderr(byte[] buffer, int offset, int length) {}

        String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    @Test
    void adoptsTheSandboxOfACreateWhoseAnswerWasLost() throws Exception {
        faults().next("POST /sandboxes", SimulatorFault.of(Kind.LOST_ANSWER));
        try (BackendSandbox sandbox = create()) {
            assertThat(e2b.simulator().sandboxes()).containsExactly(sandbox.providerRef());
            Collected output = new Collected();
            assertThat(sandbox.start(script("echo alive", null)).pump(output).exitCode())
                    .isZero();
            assertThat(output.text()).isEqualTo("alive\n");
        }
        assertThat(faults().calls("POST /sandboxes")).isEqualTo(1);
    }

    @Test
    void waitsWhereItIsAskedToAndDestroysInSpiteOfLostAnswers() {
        faults().next("POST /sandboxes", SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofSeconds(1)));
        BackendSandbox sandbox = create();
        faults().next("DELETE /sandboxes/{sandboxID}", SimulatorFault.of(Kind.LOST_ANSWER));
        backend.destroy(sandbox.providerRef());
        assertThat(e2b.simulator().sandboxes()).isEmpty();
        assertThat(faults().calls("POST /sandboxes")).isEqualTo(2);
    }

    @Test
    void followsACommandToItsEndAfterItsStreamWasCutAndSaysThatOutputMayLack() throws Exception {
        try (BackendSandbox sandbox = create()) {
            faults().next(START, SimulatorFault.of(Kind.CUT));
            BackendProcess process =
                    sandbox.start(script("echo one; while [ ! -e go ]; do sleep 0.1; done; echo two; exit 5", null));
            ProcessRequest go = script("sleep 1; touch go", null);
            assertThat(sandbox.start(go).pump(new Collected()).exitCode()).isZero();
            assertThatThrownBy(() -> process.pump(new Collected()))
                    .isInstanceOfSatisfying(
                            BackendUnavailableException.class,
                            e -> assertThat(e.code()).isEqualTo("output_cut"))
                    .hasMessageContaining("exited with 5");
            assertThat(faults().calls("POST /process.Process/Connect")).isPositive();
        }
    }

    @Test
    void makesNoEndUpOfASandboxThatDiesUnderACommand() {
        BackendSandbox sandbox = create();
        faults().next(START, SimulatorFault.of(Kind.SANDBOX_DIES, Duration.ofMillis(500)));
        BackendProcess process = sandbox.start(script("sleep 60", Duration.ofSeconds(70)));
        assertThatThrownBy(() -> process.pump(new Collected())).isInstanceOf(SandboxGoneException.class);
        assertThatThrownBy(() -> sandbox.start(script("true", null))).isInstanceOf(SandboxGoneException.class);
    }

    @Test
    void endsACommandThatHasNoDeadlineWhenItsHostIsHeardNoMore() throws Exception {
        try (BackendSandbox sandbox = create()) {
            String beating = "while :; do echo x >> beat; sleep 0.1; done";
            BackendProcess kept = sandbox.start(script(beating, null));
            // longer than it would live without a sign
            await().until(() -> faults().calls("POST /files") > 5);
            long before = size(sandbox);
            await().until(() -> size(sandbox) > before);
            faults().always("POST /files", SimulatorFault.of(Kind.LOST_REQUEST));
            ExitStatus status = kept.pump(new Collected());
            assertThat(status.exitCode()).isEqualTo(137);
            assertThat(status.timedOut()).isFalse();
        }
    }

    private static long size(BackendSandbox sandbox) {
        return sandbox.files().stat("/workspace/beat").size();
    }

    @Test
    void endsByItsDeadlineInsideThoughItsStreamStalls() throws Exception {
        try (BackendSandbox sandbox = create()) {
            BackendProcess process = sandbox.start(script("sleep 60", Duration.ofSeconds(1)));
            ExitStatus status = process.pump(new Collected());
            assertThat(status.timedOut()).isTrue();
            assertThat(status.exitCode()).isEqualTo(137);
        }
    }

    @Test
    void saysThatAStartWasLostWithoutStartingTwice() {
        try (BackendSandbox sandbox = create()) {
            int before = faults().calls(START);
            faults().next(START, SimulatorFault.of(Kind.LOST_ANSWER));
            assertThatThrownBy(() ->
                            sandbox.start(script("echo once >> runs", null)).pump(new Collected()))
                    .isInstanceOf(SandboxException.class);
            assertThat(faults().calls(START)).isEqualTo(before + 1);
        }
    }
}

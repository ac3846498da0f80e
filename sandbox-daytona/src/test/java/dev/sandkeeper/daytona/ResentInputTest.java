package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Input that is lost on its way to a command, or comes twice: a program reads each line once, in order. */
@Needs(Component.BUBBLEWRAP)
@Timeout(60)
class ResentInputTest {
    private static final String INPUT =
            "POST /toolbox/{sandboxId}/process/session/{sessionId}/command/{commandId}/input";
    private static final String ECHO = "while read -r line; do echo \"got $line\"; done; exit 7";

    @TempDir
    Path state;

    private Simulated simulated;
    private DaytonaBackend backend;
    private BackendSandbox sandbox;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    ResentInputTest() {}

    @BeforeEach
    void start() {
        simulated = Simulated.byLocal(state);
        backend = simulated.backend();
        sandbox = backend.create(new ProvisionRequest(
                "resent",
                SandboxId.generate(1),
                Instant.ofEpochMilli(5),
                null,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {}));
    }

    @AfterEach
    void stop() {
        backend.close();
        simulated.close();
    }

    private interface Writing {
        void to(OutputStream stdin) throws IOException;
    }

    private String talk(String script, Writing writing) throws IOException, InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ProcessRequest request = new ProcessRequest(
                List.of("sh", "-c", script), Map.of(), "/workspace", null, true, Duration.ofSeconds(40));
        try (BackendProcess process = sandbox.start(request)) {
            writing.to(process.stdin());
            process.stdin().close();
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
            return out.toString(StandardCharsets.UTF_8) + "exit " + status.exitCode();
        }
    }

    private static void line(OutputStream stdin, String text) throws IOException {
        stdin.write((text + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private int inputs() {
        return simulated.simulator().faults().calls(INPUT);
    }

    @Test
    void aLineThatIsLostIsSentAgain() throws Exception {
        assertReadOnce(1);
    }

    @Test
    @Tag("long")
    void aLineThatIsLostTwiceIsSentOnceMore() throws Exception {
        assertReadOnce(2);
    }

    private void assertReadOnce(int times) throws Exception {
        String told = talk(ECHO, stdin -> {
            line(stdin, "one");
            line(stdin, "two");
            simulated.simulator().loseInput(times);
            line(stdin, "three");
            line(stdin, "four");
        });
        assertThat(told).isEqualTo("got one\ngot two\ngot three\ngot four\nexit 7");
        assertThat(inputs()).as("four lines, the end, and what was lost").isGreaterThanOrEqualTo(5 + times);
    }

    @Test
    void aPieceThatIsReadLateIsSentAgainAndPassedOver() throws Exception {
        byte[] large = "0123456789".repeat(20_000).getBytes(StandardCharsets.US_ASCII);
        // more than a pipe holds, so that nothing is said of it before the program reads
        String told = talk("sleep 3; wc -c; exit 7", stdin -> {
            stdin.write(large);
            line(stdin, "last");
        });
        assertThat(told).isEqualTo("200005\nexit 7");
        assertThat(inputs()).as("two pieces, the end, and one again").isGreaterThanOrEqualTo(4);
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_ANSWER", "LOST_REQUEST", "SERVER_ERROR"})
    void aLineWhoseAnswerIsLostIsReadOnce(Kind kind) throws Exception {
        String told = talk(ECHO, stdin -> {
            for (String each : List.of("one", "two", "three")) {
                simulated.simulator().faults().next(INPUT, SimulatorFault.of(kind));
                line(stdin, each);
            }
            simulated.simulator().faults().next(INPUT, SimulatorFault.of(kind));
        });
        assertThat(told).isEqualTo("got one\ngot two\ngot three\nexit 7");
        assertThat(inputs()).as("three lines, the end, and each again").isGreaterThanOrEqualTo(8);
    }

    @Test
    void theEndOfInputThatIsLostIsSentAgain() throws Exception {
        String told = talk(ECHO, stdin -> {
            line(stdin, "one");
            line(stdin, "two");
            simulated.simulator().loseInput(1);
        });
        assertThat(told).isEqualTo("got one\ngot two\nexit 7");
        assertThat(inputs()).as("two lines, and the end twice").isGreaterThanOrEqualTo(4);
    }
}

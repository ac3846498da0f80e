package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Input that is lost on its way to a command, or comes twice: a program reads each line once, in order. */
class ResentInputTest extends SimulatedTests {
    private static final String INPUT =
            "POST /toolbox/{sandboxId}/process/session/{sessionId}/command/{commandId}/input";
    private static final String ECHO = "while read -r line; do echo \"got $line\"; done; exit 7";

    private BackendSandbox sandbox;

    @SuppressWarnings("NullAway.Init") // JUnit calls create() before anything else
    ResentInputTest() {}

    @BeforeEach
    void create() {
        sandbox = backend.create(provision(null));
    }

    private interface Writing {
        void to(OutputStream stdin) throws IOException;
    }

    private String talk(String script, Writing writing) throws IOException, InterruptedException {
        ProcessRequest request = request(true, Duration.ofSeconds(40), "sh", "-c", script);
        try (BackendProcess process = sandbox.start(request)) {
            writing.to(process.stdin());
            process.stdin().close();
            return ran(process).words();
        }
    }

    private static void line(OutputStream stdin, String text) throws IOException {
        stdin.write((text + "\n").getBytes(StandardCharsets.UTF_8));
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
        assertThat(calls(INPUT)).as("four lines, the end, and what was lost").isGreaterThanOrEqualTo(5 + times);
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
        assertThat(calls(INPUT)).as("two pieces, the end, and one again").isGreaterThanOrEqualTo(4);
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_ANSWER", "LOST_REQUEST", "SERVER_ERROR"})
    void aLineWhoseAnswerIsLostIsReadOnce(Kind kind) throws Exception {
        String told = talk(ECHO, stdin -> {
            for (String each : List.of("one", "two", "three")) {
                faults().next(INPUT, SimulatorFault.of(kind));
                line(stdin, each);
            }
            faults().next(INPUT, SimulatorFault.of(kind));
        });
        assertThat(told).isEqualTo("got one\ngot two\ngot three\nexit 7");
        assertThat(calls(INPUT)).as("three lines, the end, and each again").isGreaterThanOrEqualTo(8);
    }

    @Test
    void theEndOfInputThatIsLostIsSentAgain() throws Exception {
        String told = talk(ECHO, stdin -> {
            line(stdin, "one");
            line(stdin, "two");
            simulated.simulator().loseInput(1);
        });
        assertThat(told).isEqualTo("got one\ngot two\nexit 7");
        assertThat(calls(INPUT)).as("two lines, and the end twice").isGreaterThanOrEqualTo(4);
    }
}

package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What programs do to a terminal, and where its wrapper is left then. */
@Needs(Component.DOCKER)
@Timeout(120)
class TerminalTest {
    private static final String DEBIAN = "sandkeeper-test/debian-python";
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final byte[] INTERRUPT = {3};
    private static final byte[] STOP_OUTPUT = {19};

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    /** A command that is typed into. */
    private record Session(BackendProcess process, Sandboxes.Collector shown, CompletableFuture<Integer> exit) {
        static Session of(BackendSandbox sandbox, String... arguments) {
            BackendProcess process = sandbox.start(request(arguments));
            Sandboxes.Collector shown = new Sandboxes.Collector();
            return new Session(process, shown, CompletableFuture.supplyAsync(() -> {
                try {
                    return process.pump(shown).exitCode();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }));
        }

        Session type(byte[] keys) throws IOException {
            process.stdin().write(keys);
            return this;
        }

        Session type(String text) throws IOException {
            return type(text.getBytes(StandardCharsets.UTF_8));
        }

        Session shows(String text) {
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(shown.out()).contains(text));
            return this;
        }

        int code() {
            await().atMost(PATIENCE).until(exit::isDone);
            process.close();
            return exit.join();
        }
    }

    private static ProcessRequest request(String... arguments) {
        return new ProcessRequest(
                List.of(arguments), Map.of(), "/workspace", null, true, null, false, new TerminalSize(80, 24));
    }

    @ParameterizedTest
    @ValueSource(strings = {TestEngine.IMAGE, DEBIAN})
    void carriesAnInteractiveShell(String image) throws IOException {
        Session session =
                Session.of(sandboxes.create(SandboxSpec.builder().image(image).build()), "sh", "-i");
        session.type("echo st'arte'd; sleep 1000\r")
                .shows("started\r\n")
                .type(INTERRUPT)
                .shows("^C")
                .type("echo al'iv'e\r")
                .shows("alive\r\n");
        assertThat(session.process().channel()).isEqualTo("exec");
        assertThat(session.type("exit 4\r").code()).isEqualTo(4);
        assertThat(session.shown().out()).doesNotContain("go\r\n").doesNotContain("\u0001");
    }

    @Test
    void tellsTheExitCodeOnATerminalThatPrintsInCapitals() throws IOException {
        Session session = Session.of(sandboxes.create(), "sh", "-c", "stty olcuc -onlcr; echo low; exit 5");
        assertThat(session.code()).isEqualTo(5);
        assertThat(session.shown().out()).isEqualTo("LOW\n");
    }

    @Test
    void tellsTheExitCodeOfAShellThatDiedInTheForeground() throws IOException {
        Session session = Session.of(sandboxes.create(), "sh", "-i");
        assertThat(session.type("stty tostop; kill -9 $$\r").code()).isEqualTo(137);
    }

    @Test
    void endsACommandWhoseTerminalIsStopped() throws IOException {
        BackendSandbox sandbox = sandboxes.create();
        Session session = Session.of(sandbox, "sh", "-c", "echo ready; while :; do echo more; sleep 0.01; done");
        session.shows("ready").type(STOP_OUTPUT);
        AtomicInteger before = new AtomicInteger();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(300)).until(() -> {
            int length = session.shown().out().length();
            return before.getAndSet(length) == length;
        });
        session.process().end(Duration.ofMillis(100));
        // on a machine that was busy it may not have been stopped, but silent
        assertThat(session.code()).isIn(137, 143);
        assertThat(Sandboxes.sh(sandbox, "ps | grep -c '[e]cho more'").out()).isEqualTo("0\n");
    }

    @Test
    void leavesNoWrapperBehind() {
        BackendSandbox sandbox = sandboxes.create();
        for (int i = 0; i < 3; i++) {
            Session session = Session.of(sandbox, "true");
            assertThat(session.code()).isZero();
        }
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(Sandboxes.sh(sandbox, "cat /proc/[0-9]*/stat | grep -c ' T '")
                                .out())
                        .isEqualTo("0\n"));
    }
}

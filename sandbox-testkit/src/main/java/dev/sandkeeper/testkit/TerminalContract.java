package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Commands with a terminal. What a backend without them answers is tested once; the rest needs them. */
abstract class TerminalContract extends BackgroundContract {
    private static final TerminalSize SIZE = new TerminalSize(100, 30);
    private static final byte[] INTERRUPT = {3};

    /** For subclasses. */
    TerminalContract() {}

    private static ProcessRequest terminal(ProcessRequest request) {
        return new ProcessRequest(
                request.arguments(),
                request.environment(),
                request.workingDirectory(),
                request.user(),
                request.stdin(),
                request.deadline(),
                request.fresh(),
                SIZE);
    }

    private static ProcessRequest terminal(String script) {
        return terminal(script(script));
    }

    /** What it answers instead is tested below. */
    private boolean lacksTerminals() {
        return !first().capabilities().contains(Capability.TERMINAL);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void givesACommandATerminalOrRefuses() {
        ProcessRequest request = terminal("tty; echo error >&2; exit 7");
        if (lacksTerminals()) {
            assertMissing(Capability.TERMINAL, () -> sandbox().start(request));
            return;
        }
        Running running = run(request);
        assertThat(running.text()).matches("/dev/pts/[0-9]+\r\nerror\r\n");
        assertThat(running.errors()).isEmpty();
        assertThat(running.exitCode()).isEqualTo(7);
        assertThat(shell("tty >&2; echo plain").text()).isEqualTo("plain\n");
    }

    @Test
    void refusesToResizeACommandWithoutATerminal() {
        Running running = start(withStdin(command("cat")));
        assertThatThrownBy(() -> running.process().resize(SIZE))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("terminal");
        assertThat(running.closeStdin().awaitEnd().exitCode()).isZero();
    }

    @Test
    void tellsTheSizeOfTheTerminalAndEachChangeOfIt() {
        if (lacksTerminals()) {
            return;
        }
        Running running = start(terminal("trap 'stty size; exit 5' WINCH; stty size; while :; do sleep 0.1; done"))
                .awaitText("30 100\r\n");
        running.process().resize(new TerminalSize(132, 43));
        assertThat(running.awaitEnd().text()).isEqualTo("30 100\r\n43 132\r\n");
        assertThat(running.exitCode()).isEqualTo(5);
        assertThatCode(() -> running.process().resize(SIZE)).doesNotThrowAnyException();
    }

    @Test
    void takesWhatIsTypedLineByLineAndAnEndOfFile() {
        if (lacksTerminals()) {
            return;
        }
        Running running = start(terminal(withStdin(command("cat"))))
                .feed(ascii("one\n"))
                .awaitText("one\r\none\r\n")
                .feed(ascii("two\r"))
                .awaitText("two\r\ntwo\r\n")
                .feed(ascii("last"))
                .awaitText("last");
        assertThat(running.closeStdin().awaitEnd().text()).isEqualTo("one\r\none\r\ntwo\r\ntwo\r\nlastlast");
        assertThat(running.exitCode()).isZero();
        assertThatThrownBy(() -> running.process().stdin().write(1)).isInstanceOf(IOException.class);
        assertThat(start(terminal(withStdin(command("cat"))))
                        .feed(ascii("line\n"))
                        .closeStdin()
                        .awaitEnd()
                        .text())
                .isEqualTo("line\r\nline\r\n");
    }

    @Test
    void givesACommandWithATerminalAndNoInputOneEndOfFile() {
        if (lacksTerminals()) {
            return;
        }
        Running running = run(terminal(script("cat; echo read")));
        assertThat(running.text()).isEqualTo("read\r\n");
        assertThat(running.exitCode()).isZero();
    }

    @Test
    void interruptsByTheKeyboard() {
        if (lacksTerminals()) {
            return;
        }
        String loop = "echo ready; while :; do sleep 0.1; done";
        Running caught = start(terminal(withStdin(script("trap 'echo caught; exit 9' INT; " + loop))))
                .awaitText("ready\r\n")
                .feed(INTERRUPT);
        assertThat(caught.awaitEnd().text()).startsWith("ready\r\n").endsWith("caught\r\n");
        assertThat(caught.exitCode()).isEqualTo(9);
        Running ended = start(terminal(withStdin(command("sleep", "1000")))).feed(INTERRUPT);
        assertThat(ended.awaitEnd().exitCode()).isEqualTo(128 + 2);
    }

    @Test
    void passesEveryByteOnceTheTerminalIsRaw() {
        if (lacksTerminals()) {
            return;
        }
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        Running running = start(terminal(withStdin(script("stty raw -echo; echo ready; head -c 512; exit 3"))))
                .awaitText("ready\n")
                .feed(all);
        for (byte each : all) {
            running.feed(new byte[] {each});
        }
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        expected.writeBytes(ascii("ready\n"));
        expected.writeBytes(all);
        expected.writeBytes(all);
        assertThat(running.awaitEnd().bytes()).isEqualTo(expected.toByteArray());
        assertThat(running.exitCode()).isEqualTo(3);
    }

    @Test
    void deliversAllOfALargeOutputOfATerminal() {
        if (lacksTerminals()) {
            return;
        }
        Running running = run(terminal("head -c 1500000 /dev/zero; echo end"));
        byte[] expected = Arrays.copyOf(new byte[1_500_000], 1_500_005);
        System.arraycopy(ascii("end\r\n"), 0, expected, 1_500_000, 5);
        assertThat(running.bytes()).isEqualTo(expected);
        assertThat(running.exitCode()).isZero();
    }

    @Test
    void startsACommandWithATerminalAsAnyOther() {
        if (lacksTerminals()) {
            return;
        }
        ProcessRequest asked = withEnvironment(
                script("printf '%s' \"$SAID\"; pwd; cat /proc/[0-9]*/cmdline"), Map.of("SAID", "hidden-'a' \"b\" $c;"));
        String text = run(terminal(in("/tmp", asked))).text();
        assertThat(text).startsWith("hidden-'a' \"b\" $c;/tmp\r\n").contains("cmdline");
        assertThat(text.substring(10)).doesNotContain("hidden-");
        if (first().capabilities().contains(Capability.COMMAND_USER)) {
            ProcessRequest asOther =
                    new ProcessRequest(command("id", "-u").arguments(), Map.of(), "/tmp", "12345", false, null);
            assertThat(run(terminal(asOther)).text()).isEqualTo("12345\r\n");
        }
    }

    @Test
    void saysThatAProgramForATerminalCannotBeStarted() {
        if (lacksTerminals()) {
            return;
        }
        assertThatThrownBy(() -> run(terminal(command("sandkeeper-no-such-program"))))
                .isInstanceOf(CommandNotStartableException.class);
        assertThatThrownBy(() -> run(terminal(command("/workspace")))).isInstanceOf(CommandNotStartableException.class);
        assertThatThrownBy(() -> run(terminal(in("/workspace/missing", command("true")))))
                .isInstanceOf(CommandNotStartableException.class);
        assertThat(run(terminal("exit 127")).exitCode()).isEqualTo(127);
    }

    @Test
    void endsEverythingOnATerminalAtTheDeadline() {
        if (lacksTerminals()) {
            return;
        }
        String stubborn = "(trap '' TERM HUP; " + BEATING + ") & echo before; while :; do sleep 0.1; done";
        Running running = run(terminal(withDeadline(script(stubborn), Duration.ofSeconds(1))));
        assertThat(running.status().timedOut()).isTrue();
        // what a shell says of a child that was killed comes here, too
        assertThat(running.text()).startsWith("before\r\n");
        assertThat(beats()).as("beats before the deadline").isPositive();
        assertEndsBeating();
    }

    @Test
    void killsWhateverHasLeftTheTerminal() {
        if (lacksTerminals()) {
            return;
        }
        Running running = start(terminal("trap '' TERM HUP INT; setsid sh -c \"trap '' TERM HUP; " + BEATING
                        + "\" & echo ready; while :; do sleep 0.1; done"))
                .awaitText("ready");
        assertBeats();
        running.process().end(Duration.ofMillis(300));
        assertSilent();
        assertThat(running.awaitEnd().exitCode()).isEqualTo(128 + 9);
    }

    @Test
    void leavesACommandOnATerminalRunningWhenItIsClosed() {
        if (lacksTerminals()) {
            return;
        }
        Running running =
                start(terminal(withStdin(script("echo ready; " + BEATING)))).awaitText("ready");
        running.process().close();
        assertThatThrownBy(running::awaitEnd).isInstanceOf(SandboxException.class);
        assertBeats();
        running.process().end(Duration.ofMillis(200));
        assertSilent();
    }

    @Test
    void endsACommandOnATerminalWithTheConnectionThatStartedIt() {
        if (lacksTerminals()) {
            return;
        }
        try (BackendSandbox connection = first().attach(sandbox().providerRef())) {
            start(connection, terminal(withStdin(script("trap '' HUP; echo ready; " + BEATING))), new Output())
                    .awaitText("ready");
            assertBeats();
        }
        assertEndsBeating();
    }

    @Test
    void refusesATerminalInASandboxThatIsGone() {
        if (lacksTerminals()) {
            return;
        }
        BackendSandbox connection = sandbox();
        first().destroy(connection.providerRef());
        assertThatThrownBy(
                        () -> start(connection, terminal("true"), new Output()).awaitEnd())
                .isInstanceOf(SandboxException.class);
    }
}

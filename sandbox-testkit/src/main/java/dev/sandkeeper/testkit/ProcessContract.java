package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Signal;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Deadlines, signals, and the end of whole process trees. */
abstract class ProcessContract extends StreamContract {
    private static final String STUBBORN = "trap '' TERM; " + BEATING;

    /** For subclasses. */
    ProcessContract() {}

    @Test
    void returnsAlthoughABackgroundProcessHoldsTheStreamsAndLetsItGoOn() {
        Running running = shell("(" + BEATING + ") & echo started");
        assertThat(running.text()).isEqualTo("started\n");
        assertThat(running.exitCode()).isZero();
        assertBeats();
    }

    @Test
    void endsTheWholeTreeAtTheDeadlineAndKeepsWhatWasPrinted() {
        String tree = "(" + STUBBORN + ") & echo before; while :; do sleep 0.1; done";
        Running running = run(withDeadline(script(tree), Duration.ofSeconds(1)));
        assertThat(running.status().timedOut()).isTrue();
        assertThat(running.text()).isEqualTo("before\n");
        assertThat(beats()).as("beats before the deadline").isPositive();
        await().atMost(patience()).pollInSameThread().untilAsserted(this::assertSilent);
    }

    @Test
    void endsACommandThatIgnoresTheSignalAtTheDeadline() {
        Running running =
                run(withDeadline(script("trap '' TERM; while :; do sleep 0.1; done"), Duration.ofMillis(300)));
        assertThat(running.status().timedOut()).isTrue();
    }

    @Test
    void saysNothingOfADeadlineThatWasMet() {
        Running running = run(withDeadline(script("echo quick; exit 3"), Duration.ofSeconds(25)));
        assertThat(running.status().timedOut()).isFalse();
        assertThat(running.text()).isEqualTo("quick\n");
        assertThat(running.exitCode()).isEqualTo(3);
    }

    @Test
    void asksToEndBeforeItKills() {
        Running running = start(script("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done"))
                .awaitText("ready");
        running.process().end(Duration.ofSeconds(10));
        assertThat(running.awaitEnd().text()).isEqualTo("ready\nbye\n");
        assertThat(running.exitCode()).isEqualTo(7);
        assertThat(running.status().timedOut()).isFalse();
    }

    @Test
    void killsAfterTheGraceWhateverHasLeftTheSession() {
        Running running = start(script(
                        "trap '' TERM; setsid sh -c '" + BEATING + "' & echo ready; while :; do sleep 0.1; done"))
                .awaitText("ready");
        assertBeats();
        running.process().end(Duration.ofMillis(300));
        assertSilent();
        assertThat(running.awaitEnd().exitCode()).isEqualTo(128 + 9);
    }

    @Test
    void endsWhatABackgroundJobHasLeftBehind() {
        Running running = shell("(" + STUBBORN + ") >/dev/null 2>&1 & echo started");
        assertBeats();
        running.process().end(Duration.ofMillis(200));
        assertSilent();
    }

    @Test
    void killsAtOnceWithoutAGrace() {
        Running running = start(script("trap 'echo caught' TERM; echo ready; while :; do sleep 0.1; done"))
                .awaitText("ready");
        running.process().end(Duration.ZERO);
        assertThat(running.awaitEnd().text()).isEqualTo("ready\n");
        assertThat(running.exitCode()).isEqualTo(128 + 9);
    }

    @Test
    void doesNothingToACommandThatHasEnded() {
        Running running = shell("exit 4");
        assertThatCode(() -> {
                    running.process().end(Duration.ofSeconds(1));
                    running.process().end(Duration.ZERO);
                    running.process().signal(Signal.KILL);
                    running.process().close();
                    running.process().close();
                    running.process().end(Duration.ZERO);
                })
                .doesNotThrowAnyException();
        assertThat(running.exitCode()).isEqualTo(4);
        assertThat(shell("echo alive").text()).isEqualTo("alive\n");
    }

    @Test
    void endsOneCommandAndNoOther() {
        Running one = start(script("echo ready; while :; do sleep 0.1; done")).awaitText("ready");
        Running other = start(script("echo ready; while [ ! -e stop ]; do sleep 0.1; done; echo unharmed"))
                .awaitText("ready");
        one.process().end(Duration.ofMillis(300));
        one.awaitEnd();
        shell("touch stop");
        assertThat(other.awaitEnd().text()).isEqualTo("ready\nunharmed\n");
    }

    @Test
    void sendsSignals() {
        Running running = start(script("trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.1; done"))
                .awaitText("ready");
        running.process().signal(Signal.USR1);
        assertThat(running.awaitEnd().text()).isEqualTo("ready\ncaught\n");
        assertThat(running.exitCode()).isEqualTo(3);
    }

    @Test
    void leavesTheCommandRunningWhenPumpIsInterrupted() {
        Running running = start(script("echo ready; " + BEATING)).awaitText("ready");
        running.pumping().interrupt();
        assertThatThrownBy(running::awaitEnd).isInstanceOf(Running.PumpInterrupted.class);
        assertBeats();
        running.process().end(Duration.ofMillis(200));
        assertSilent();
    }

    @Test
    void leavesTheCommandRunningWhenItIsClosedAndMakesNoExitCodeUp() {
        Running running = start(script("echo ready; " + BEATING)).awaitText("ready");
        running.process().close();
        assertThatThrownBy(running::awaitEnd).isInstanceOf(SandboxException.class);
        assertBeats();
        running.process().end(Duration.ofMillis(200));
        assertSilent();
    }
}

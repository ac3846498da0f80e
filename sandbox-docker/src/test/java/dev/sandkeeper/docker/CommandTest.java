package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(120)
class CommandTest {
    /** How many processes of the command user there are, but for the shells that watch and the one that counts. */
    private static final String COUNT =
            "n=0; for p in /proc/[0-9]*; do case $(cat $p/cmdline 2>/dev/null | tr '\\0' ' ') in *\"$MARK\"*) n=$((n+1));;"
                    + " esac; done; echo $n";

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    /** Which channel is to run the commands that the tests are about. */
    boolean fresh() {
        return false;
    }

    private ProcessRequest command(String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, null, fresh());
    }

    private ProcessRequest command(Duration deadline, String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, deadline, fresh());
    }

    private Sandboxes.Ran run(BackendSandbox sandbox, String script) {
        return Sandboxes.run(sandbox, command("sh", "-c", script));
    }

    private static int count(BackendSandbox sandbox, String mark) {
        String half = mark.substring(0, 3) + "'" + mark.substring(3) + "'";
        return Integer.parseInt(sh(sandbox, "MARK=" + half + "; " + COUNT).out().strip());
    }

    private static Duration timeToEnd(BackendProcess process, Duration grace) {
        long start = System.nanoTime();
        process.end(grace);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void endsWhatHasLeftSessionParentAndEnvironment() {
        BackendSandbox sandbox = sandboxes.create();
        String hide =
                "(setsid env -i /bin/sh -c '(trap \"\" TERM; sleep 98761) & exec sleep 98762' &) ; exec sleep 98763";
        BackendProcess process = sandbox.start(command("sh", "-c", hide));
        await().until(() -> count(sandbox, "9876") >= 3);
        process.end(Duration.ofMillis(100));
        assertThat(count(sandbox, "9876")).isZero();
        assertThat(Sandboxes.pump(process).code()).isIn(143, 137);
    }

    @Test
    void endsAForkBombAndKeepsTheSandbox() {
        BackendSandbox sandbox = sandboxes.create();
        BackendProcess process = sandbox.start(command("sh", "-c", "f() { f | f & }; f; sleep 98765"));
        CompletableFuture<Sandboxes.Ran> pumped = CompletableFuture.supplyAsync(() -> Sandboxes.pump(process));
        await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
        assertThat(timeToEnd(process, Duration.ZERO)).isLessThan(Duration.ofSeconds(7));
        pumped.join();
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
    }

    @Test
    void endsAForkBombWhoseProcessesAllLeaveTheSession() {
        BackendSandbox sandbox = sandboxes.create();
        String bomb = "printf '#!/bin/sh\\nsetsid /tmp/bomb & setsid /tmp/bomb & wait\\n' > /tmp/bomb;"
                + " chmod +x /tmp/bomb; /tmp/bomb";
        BackendProcess process = sandbox.start(command("sh", "-c", bomb));
        CompletableFuture<Sandboxes.Ran> pumped = CompletableFuture.supplyAsync(() -> Sandboxes.pump(process));
        await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
        assertThat(timeToEnd(process, Duration.ofMillis(200))).isLessThan(Duration.ofSeconds(7));
        pumped.join();
        assertThat(count(sandbox, "/tmp/bomb")).isZero();
    }

    @Test
    void endsACommandThatHasKilledTheShellWhichWatchesIt() {
        BackendSandbox sandbox = sandboxes.create();
        String killer = "for p in /proc/[0-9]*; do case ${p#/proc/} in 1|$$|$PPID) ;; *) kill -9 ${p#/proc/} ;; esac;"
                + " done 2>/dev/null; echo killed; exec sleep 98766";
        BackendProcess process = sandbox.start(command("sh", "-c", killer));
        Sandboxes.Collector collector = new Sandboxes.Collector();
        CompletableFuture<Void> pumped = CompletableFuture.runAsync(() -> {
            try {
                process.pump(collector);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        await().until(() -> collector.out().equals("killed\n"));
        process.end(Duration.ZERO);
        pumped.join();
        assertThat(count(sandbox, "98766")).isZero();
    }

    @Test
    void armsTheDeadlineInsideTheSandbox() {
        BackendSandbox sandbox = sandboxes.create();
        long start = System.nanoTime();
        Sandboxes.Ran ran = Sandboxes.run(
                sandbox,
                command(
                        Duration.ofMillis(500),
                        "sh",
                        "-c",
                        "echo before; trap '' TERM; setsid sleep 98767 & sleep 98768"));
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(12));
        assertThat(ran.status().timedOut()).isTrue();
        assertThat(ran.out()).isEqualTo("before\n");
        assertThat(count(sandbox, "9876")).isZero();
    }

    @Test
    void leavesNoWatchdogBehindACommandThatMetItsDeadline() {
        BackendSandbox sandbox = sandboxes.create();
        for (int i = 0; i < 5; i++) {
            Sandboxes.run(sandbox, command(Duration.ofSeconds(87_654), "true"));
        }
        await().until(() -> count(sandbox, "87659") == 0);
    }

    @Test
    void waitsHalfASecondAtMostForStreamsThatAreLeftOpen() {
        BackendSandbox sandbox = sandboxes.create();
        long start = System.nanoTime();
        Sandboxes.Ran ran = run(sandbox, "(sleep 0.1; echo late; sleep 98769) & echo early; exit 9");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        assertThat(ran.out()).isEqualTo("early\nlate\n");
        assertThat(ran.code()).isEqualTo(9);
    }

    @Test
    void letsEveryCommandOpenAsManyFilesAsItShould() {
        BackendSandbox sandbox = sandboxes.create();
        for (int i = 0; i < 12; i++) {
            assertThat(run(sandbox, "ulimit -S -n; ulimit -H -n").out()).isEqualTo("1024\n4096\n");
        }
    }

    @Test
    void letsNoWrapperLingerOnceTheResultIsHere() {
        BackendSandbox sandbox = sandboxes.create();
        assertThat(run(sandbox, "echo 98771; exit 3").code()).isEqualTo(3);
        await().until(() -> count(sandbox, "98771") == 0);
    }

    @Test
    void letsNoWrapperLingerWhoseCommandNobodyListensTo() {
        BackendSandbox sandbox = sandboxes.create();
        BackendProcess runs = sandbox.start(command("sh", "-c", "while [ ! -e go ]; do sleep 0.1; done; exit 98772"));
        BackendProcess done = sandbox.start(command("sh", "-c", "touch done; exit 98772"));
        await().until(() -> sh(sandbox, "test -e done").code() == 0);
        runs.close();
        done.close();
        await().until(() -> count(sandbox, "98772") > 0);
        sh(sandbox, "touch go");
        await().until(() -> count(sandbox, "98772") == 0);
    }

    @Test
    void letsNoWrapperLingerWhoseWatchIsKilledByTheCommandItself() {
        BackendSandbox sandbox = sandboxes.create();
        String killsTheWatch =
                "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in *[e]verything*'kill -9 -1'*)"
                        + " kill -9 ${p#/proc/};; esac; done 2>/dev/null; exit 98773";
        for (int i = 0; i < 5; i++) {
            assertThat(run(sandbox, killsTheWatch).code()).isEqualTo(98773 % 256);
        }
        await().until(() -> count(sandbox, "98773") == 0);
    }

    @Test
    void endsAtOnceWhenOnlyOutputIsLeftAndKeepsThat() {
        BackendSandbox sandbox = sandboxes.create();
        BackendProcess small = sandbox.start(command("sh", "-c", "echo kept; touch done; exit 5"));
        await().until(() -> sh(sandbox, "test -e done").code() == 0);
        assertThat(timeToEnd(small, Duration.ofSeconds(30))).isLessThan(Duration.ofSeconds(10));
        Sandboxes.Ran ran = Sandboxes.pump(small);
        assertThat(ran.out()).isEqualTo("kept\n");
        assertThat(ran.code()).isEqualTo(5);
    }

    @Test
    void saysThatTheSandboxIsGoneWhenItEndsUnderACommand() {
        BackendSandbox sandbox = sandboxes.create();
        BackendProcess process = sandbox.start(command("sleep", "60"));
        sandboxes
                .engine()
                .ask(client -> client.killContainerCmd(sandbox.providerRef()).exec());
        assertThatThrownBy(() -> Sandboxes.pump(process)).isInstanceOf(SandboxGoneException.class);
        process.end(Duration.ZERO);
    }

    @Test
    void endsNothingOfAPausedSandboxAndKillsItLeastOfAll() {
        BackendSandbox sandbox = sandboxes.create();
        BackendProcess process = sandbox.start(command("sleep", "98770"));
        sandboxes.backend().pause(sandbox.providerRef());
        assertThatThrownBy(() -> process.end(Duration.ZERO)).hasMessageContaining("paused");
        assertThat(sandboxes.backend().state(sandbox.providerRef())).isEqualTo(ProviderState.PAUSED);
        sandboxes.backend().resume(sandbox.providerRef());
        process.end(Duration.ZERO);
        assertThat(count(sandbox, "98770")).isZero();
    }

    @Test
    void leavesASandboxAliveWhoseConnectionIsClosedUnderAnEnd() {
        BackendSandbox sandbox = sandboxes.create();
        BackendProcess process = sandbox.start(command("sleep", "98771"));
        sandbox.close();
        assertThatThrownBy(() -> process.end(Duration.ZERO)).isInstanceOf(BackendUnavailableException.class);
        try (BackendSandbox again = sandboxes.backend().attach(sandbox.providerRef())) {
            await().until(() -> count(again, "98771") == 0);
        }
    }

    @Test
    void runsWhereAProgramPathOfTheApplicationLeadsNowhere() {
        BackendSandbox sandbox = sandboxes.create();
        assertThat(Sandboxes.run(
                                sandbox,
                                new ProcessRequest(
                                        List.of("/bin/echo", "found"),
                                        Map.of("PATH", "/nowhere", "IFS", "x"),
                                        "/workspace",
                                        null,
                                        false,
                                        Duration.ofSeconds(60),
                                        fresh()))
                        .out())
                .isEqualTo("found\n");
    }

    @Test
    void passesTheLargestArgumentsThatACommandMayHave() {
        BackendSandbox sandbox = sandboxes.create();
        String[] arguments = new String[12];
        Arrays.fill(arguments, "x".repeat(120_000));
        arguments[0] = "sh";
        arguments[1] = "-c";
        arguments[2] = "printf %s \"$*\" | wc -c";
        assertThat(Sandboxes.run(sandbox, command(arguments)).out().strip()).isEqualTo("960007");
    }

    @Test
    void refusesToStartWhenTheProcessesAreExhaustedAndEndsTheCulprit() {
        BackendSandbox sandbox =
                sandboxes.create(SandboxSpec.builder().maxProcesses(24).build());
        // A shell that cannot fork ends, so that the outer one takes the place of the inner one.
        BackendProcess process = sandbox.start(command(
                "sh", "-c", "(while :; do sleep 98771 & done); sleep 98772 & echo exhausted; exec sleep 98773"));
        Sandboxes.Collector collector = new Sandboxes.Collector();
        CompletableFuture<Void> pumped = CompletableFuture.runAsync(() -> {
            try {
                process.pump(collector);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        await().until(() -> collector.out().equals("exhausted\n"));
        // what had processes for a moment has made the loop end early: its room is filled too
        await().untilAsserted(() -> {
            startIfPossible(sandbox, "sleep", "98774");
            assertThatThrownBy(() -> sh(sandbox, "true"))
                    .isInstanceOfSatisfying(
                            BackendUnavailableException.class,
                            e -> assertThat(e.code()).isEqualTo("process_limit_reached"));
        });
        process.end(Duration.ZERO);
        pumped.join();
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
    }

    private void startIfPossible(BackendSandbox sandbox, String... arguments) {
        try {
            sandbox.start(command(arguments));
        } catch (BackendUnavailableException e) {
            assertThat(e.code()).isEqualTo("process_limit_reached");
        }
    }
}

package dev.sandkeeper.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ShellTest {
    private final Machine machine = machine();

    private static Machine machine() {
        return new Machine(
                new RealTime(Clock.systemUTC()),
                Users.SANDBOX,
                Map.of("GREETING", "hello  world"),
                1 << 20,
                IllegalStateException::new);
    }

    @AfterEach
    void shutDown() {
        machine.shutDown();
    }

    @Test
    void runsListsAndTellsTheLastStatus() throws InterruptedException {
        assertThat(run("echo a; echo b >&2; exit 3")).isEqualTo("a\n|b\n|3");
        assertThat(run("true && echo yes || echo no")).isEqualTo("yes\n||0");
        assertThat(run("false && echo yes || echo no")).isEqualTo("no\n||0");
        assertThat(run("! false && echo $?")).isEqualTo("0\n||0");
        assertThat(run("(exit 7); echo $?")).isEqualTo("7\n||0");
        assertThat(run("{ echo a; echo b; } > f\ncat f")).isEqualTo("a\nb\n||0");
    }

    /** A thread that dies of an exception fails the run. */
    @Test
    void endsQuietlyThatForksWhileItsMachineEnds() {
        List<String> forking = List.of("sh", "-c", "while :; do (true); done");
        for (int round = 0; round < 60; round++) {
            Machine ending = machine();
            ending.start(new ProcessRequest(forking, Map.of(), "/workspace", null, false, null));
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofNanos(1000))
                    .until(() -> ending.running().size() > 1);
            ending.shutDown();
            await().until(() -> ending.running().isEmpty());
        }
    }

    /** The thread is anywhere, also between its last look at the signals and a stop. */
    @Test
    void endsThatStopsItselfWhileItIsTerminated() {
        List<String> stopping = List.of("sh", "-c", "kill -STOP $$");
        for (int round = 0; round < 2000; round++) {
            machine.start(new ProcessRequest(stopping, Map.of(), "/workspace", null, false, null));
            for (int spin = 0; spin < round % 100; spin++) {
                Thread.onSpinWait();
            }
            assertThat(machine.terminate(Duration.ofSeconds(5)))
                    .as("round %s", round)
                    .isTrue();
        }
    }

    @Test
    void quotesAndExpands() throws InterruptedException {
        assertThat(run("echo $GREETING '$GREETING' \"$GREETING\""))
                .isEqualTo("hello world $GREETING hello  world\n||0");
        assertThat(run("X=1; Y=$X$X; echo ${Y} ${Z-none} \"\\$X\" \\$X")).isEqualTo("11 none $X $X\n||0");
        assertThat(run("X=5 env > f; X=6; env > g; [ \"$X\" = 6 ] && echo kept"))
                .isEqualTo("kept\n||0");
        assertThat(run("printf '%s,' \"$@\"", "a b", "", "*")).isEqualTo("a b,,*,||0");
        assertThat(run("touch a1 a2 b; echo a* '*'")).isEqualTo("a1 a2 *\n||0");
        // the last one may be listed and gone before it is read
        await().until(() -> machine.running().isEmpty());
        assertThat(run("cat /proc/[0-9]*/cmdline")).contains("sh\0-c\0cat").endsWith("|0");
    }

    @Test
    void redirects() throws InterruptedException {
        assertThat(run("echo one > f; echo two >> f; cat < f; cat missing 2> err; cat err"))
                .isEqualTo("one\ntwo\ncat: missing: No such file or directory\n||0");
        assertThat(run("cat missing 2>&1 >/dev/null")).isEqualTo("cat: missing: No such file or directory\n||1");
        assertThat(run("echo x > /nowhere/f; echo $?")).startsWith("2\n|sh: /nowhere/f: No such file");
        assertThat(run("echo x > /root-only")).contains("Permission denied").endsWith("|2");
    }

    @Test
    void loopsChoosesAndWaits() throws InterruptedException {
        assertThat(run("while [ ! -e stop ]; do echo again; touch stop; done")).isEqualTo("again\n||0");
        assertThat(run("if [ -d /tmp ]; then echo d; else echo n; fi")).isEqualTo("d\n||0");
        assertThat(run("(exit 4) & wait; echo $?; sleep 0.01 & wait; [ -n \"$!\" ] && echo pid"))
                .isEqualTo("4\npid\n||0");
    }

    @Test
    void signalsAreTrappedIgnoredOrLethal() throws InterruptedException {
        assertThat(run("kill -9 $$; echo never")).isEqualTo("||137");
        assertThat(run("kill -TERM $$; echo never")).isEqualTo("||143");
        assertThat(run("trap 'echo caught; exit 9' TERM; kill $$; echo never")).isEqualTo("caught\n||9");
        assertThat(run("trap '' TERM; kill $$; echo still")).isEqualTo("still\n||0");
        assertThat(run("sleep 60 & kill -9 $!; wait; echo $?")).isEqualTo("137\n||0");
    }

    @Test
    void tellsMissingFromNotExecutable() throws InterruptedException {
        assertThat(run("nothing-here")).isEqualTo("|sh: nothing-here: not found\n|127");
        assertThat(run("touch f; ./f")).isEqualTo("|sh: ./f: Permission denied\n|126");
        assertThat(run("printf '#!/bin/sh\\necho ran $1\\n' > s; chmod 755 s; ./s x"))
                .isEqualTo("ran x\n||0");
    }

    @Test
    void refusesWhatItDoesNotSimulate() throws InterruptedException {
        assertThat(run("echo a | cat")).endsWith("|2").contains("not simulated");
        assertThat(run("echo $(pwd)")).endsWith("|2");
        assertThat(run("echo `pwd`")).endsWith("|2");
        assertThat(run("echo 'open")).endsWith("|2");
        assertThat(run("while true; echo x")).endsWith("|2");
        assertThat(run("for x in 1; do echo; done")).endsWith("|2");
    }

    private String run(String script, String... parameters) throws InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("sh", "-c", script, "sh"));
        arguments.addAll(List.of(parameters));
        Collected output = new Collected();
        try (BackendProcess process =
                machine.start(new ProcessRequest(arguments, Map.of(), "/workspace", null, false, null))) {
            ExitStatus status = process.pump(output);
            return output.out.toString(StandardCharsets.UTF_8) + "|" + output.err.toString(StandardCharsets.UTF_8) + "|"
                    + status.exitCode();
        }
    }

    private static final class Collected implements OutputSink {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();

        @Override
        public void stdout(byte[] buffer, int offset, int length) {
            out.write(buffer, offset, length);
        }

        @Override
        public void stderr(byte[] buffer, int offset, int length) {
            err.write(buffer, offset, length);
        }
    }
}

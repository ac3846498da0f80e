package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that a shell runs which stays in the sandbox. */
class ShellChannelTest extends SimulatedTests {
    private static final String SESSION = "/toolbox/{sandboxId}/process/session/{sessionId}";
    private static final String EXEC = "POST " + SESSION + "/exec";
    private static final String INPUT = "POST " + SESSION + "/command/{commandId}/input";
    private static final String LOGS = "GET " + SESSION + "/command/{commandId}/logs";
    private static final String UPLOAD = "POST /toolbox/{sandboxId}/files/bulk-upload";
    private static final String RUNNER = "read -r a b c d e </proc/$PPID/stat; ";

    private BackendSandbox sandbox;

    @SuppressWarnings("NullAway.Init") // JUnit calls create() before anything else
    ShellChannelTest() {}

    @BeforeEach
    void create() {
        sandbox = backend.create(provision(null));
    }

    private static ProcessRequest fresh(@Nullable Duration deadline, String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, deadline, true, null);
    }

    private Ran run(ProcessRequest request, byte[] input) throws InterruptedException {
        try (BackendProcess process = sandbox.start(request, input)) {
            return ran(process);
        }
    }

    private Ran run(String... arguments) throws InterruptedException {
        return run(request(false, Duration.ofSeconds(60), arguments), new byte[0]);
    }

    private Ran sh(String script) throws InterruptedException {
        return run("sh", "-c", script);
    }

    private static Ran shell(String output, int exitCode) {
        return new Ran("shell", output, exitCode);
    }

    @Test
    void aCommandAfterTheFirstIsOneRequest() throws Exception {
        assertThat(sh("echo one")).isEqualTo(shell("one\n", 0));
        int before = calls(SimulatorFaults.ANY);
        assertThat(sh("echo two; exit 3")).isEqualTo(shell("two\n", 3));
        assertThat(run(
                        request(false, Duration.ofSeconds(60), "cat"),
                        "-three\0\n-%\\'".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(shell("-three\0\n-%\\'", 0));
        assertThat(sh("echo four >&2")).isEqualTo(shell("four\n", 0));
        assertThat(calls(INPUT)).isEqualTo(3);
        assertThat(calls(SimulatorFaults.ANY) - before).isEqualTo(3);
        assertThat(calls(LOGS)).isOne();
    }

    @Test
    void nothingOfACommandIsLeftInTheShell() throws Exception {
        sh("true");
        run(
                new ProcessRequest(
                        List.of("sh", "-c", "cd /; umask 0; x=1"),
                        Map.of("LEFT", "over", "PATH", "/bin:/usr/bin"),
                        "/tmp",
                        null,
                        false,
                        Duration.ofSeconds(60)),
                new byte[0]);
        assertThat(sh("echo \"$LEFT$x$(pwd) $(umask)\"; set | grep -c __sk_; cat;"
                        + " for i in 3 4 5 6; do [ ! -e /proc/$$/fd/$i ] || echo $i; done"))
                .isEqualTo(shell("/workspace 0022\n0\n", 0));
        assertThat(calls(EXEC)).isOne();
    }

    @Test
    void anyTextIsWhatTheProgramGets() throws Exception {
        StringBuilder all = new StringBuilder(" '\"$HOME`id`\\\r\n\t* ");
        for (int i = 1; i < 0x800; i++) {
            all.append((char) i);
        }
        all.append("\u20ac\ud83d\ude00 \n\n");
        String longer = all.toString().repeat(30);
        // the first goes with the shell, the second in a line, the third in a file
        for (String text : List.of(longer, all.toString(), longer, all.toString())) {
            ProcessRequest request = new ProcessRequest(
                    List.of("sh", "-c", "printf '%s' \"$1$TEXT\"", "sh", text),
                    Map.of("TEXT", text),
                    "/workspace",
                    null,
                    false,
                    Duration.ofSeconds(60));
            assertThat(run(request, new byte[0])).isEqualTo(shell(text + text, 0));
        }
        assertThat(calls(EXEC)).isOne();
        assertThat(calls(INPUT)).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"OPTIND", "IFS", "PPID", "UID", "__sk_n", "a b", "x;exit 0;y"})
    void aVariableThatAShellWouldFailAtIsRefusedByName(String name) {
        assertThatThrownBy(() -> run(named(name), new byte[0]))
                .isInstanceOfSatisfying(
                        CommandNotStartableException.class,
                        e -> assertThat(e.code()).isEqualTo("environment_name_refused"))
                .hasMessageContaining(name);
    }

    @Test
    void aVariableThatAShellMaySetItselfDoesNoHarm() throws Exception {
        for (String name : List.of("PWD", "OLDPWD", "SHLVL", "_", "RANDOM", "OPTARG", "ENV", "PS4", "FUNCNEST")) {
            assertThat(run(named(name), new byte[0])).as(name).isEqualTo(shell("alive\n", 3));
        }
    }

    private static ProcessRequest named(String variable) {
        return new ProcessRequest(
                List.of("sh", "-c", "echo alive; exit 3"),
                Map.of(variable, "x"),
                "/workspace",
                null,
                false,
                Duration.ofSeconds(60));
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"LOST_ANSWER", "LOST_REQUEST", "SERVER_ERROR"})
    void aCommandWhoseAnswerIsLostRunsOnce(Kind kind) throws Exception {
        sh("true");
        for (int i = 0; i < 3; i++) {
            faults().next(INPUT, SimulatorFault.of(kind));
            assertThat(sh("echo x >>runs; wc -l <runs")).isEqualTo(shell(i + 1 + "\n", 0));
        }
        assertThat(calls(INPUT)).isEqualTo(6);
        assertThat(calls(EXEC)).isOne();
    }

    @Test
    void aLineThatIsLostIsSentAgain() throws Exception {
        sh("true");
        simulated.simulator().loseInput(1);
        assertThat(sh("echo x >>runs; wc -l <runs")).isEqualTo(shell("1\n", 0));
        assertThat(calls(INPUT)).isEqualTo(2);
        assertThat(sh("echo x >>runs; wc -l <runs")).isEqualTo(shell("2\n", 0));
    }

    @Test
    void aSecondShellIsOpenedForASecondCommandAtATime() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(3);
        try {
            List<Future<Ran>> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int number = i;
                Callable<Ran> meeting = () -> sh("touch here." + number
                        + "; until [ -e here.0 ] && [ -e here.1 ] && [ -e here.2 ]; do sleep 0.05; done; echo "
                        + number);
                all.add(pool.submit(meeting));
            }
            for (int i = 0; i < 3; i++) {
                assertThat(all.get(i).get()).isEqualTo(shell(i + "\n", 0));
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(calls(EXEC)).isEqualTo(3);
    }

    @Test
    void aShellWhoseCommandLeavesAProcessIsNotUsedAgain() throws Exception {
        assertThat(sh("sleep 50 >/dev/null 2>&1 & echo $!").exitCode()).isZero();
        assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
        assertThat(calls(EXEC)).isEqualTo(2);
    }

    @Test
    void aProgramThatKillsWhatRunsItIsLostAndNothingElse() throws Exception {
        sh("true");
        long start = System.nanoTime();
        assertThatThrownBy(() -> sh("kill -9 $PPID"))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("command_lost"));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
    }

    @Test
    void aProgramThatKillsTheShellIsLostAndNothingElse() throws Exception {
        sh("true");
        long start = System.nanoTime();
        assertThatThrownBy(() -> sh(RUNNER + "kill -9 $d $PPID; sleep 20"))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("command_lost"));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aProgramThatKillsAllThereIsIsLostAndNothingElse(boolean fresh) throws Exception {
        sh("true");
        String[] killer = {"sh", "-c", "kill -9 -1; sleep 50"};
        long start = System.nanoTime();
        assertThatThrownBy(() -> run(fresh ? fresh(null, killer) : request(false, null, killer), new byte[0]))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("command_lost"));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        for (int i = 0; i < 3; i++) {
            assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
        }
    }

    @Test
    void aCommandOfASessionThatSaysNothingForLongIsNotLost() throws Exception {
        assertThat(run(fresh(null, "sh", "-c", "sleep 12; echo alive"), new byte[0]))
                .isEqualTo(new Ran("session", "alive\n", 0));
        assertThat(calls(INPUT)).as("whether it was asked for").isPositive();
    }

    @Test
    void aSessionThatDiesWhileItWaitsIsReplaced() throws Exception {
        String killer = "env -i setsid sh -c 'sleep 0.5; kill -9 -1' >/dev/null 2>&1 & sleep 0.1";
        ProcessRequest request = fresh(Duration.ofSeconds(60), "sh", "-c", killer);
        assertThat(run(request, new byte[0])).isEqualTo(new Ran("session", "", 0));
        Thread.sleep(1500);
        int before = calls(EXEC);
        assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
        assertThat(calls(EXEC) - before)
                .as("in the one that has died, and a new one")
                .isEqualTo(2);
    }

    @Test
    void aShellThatDiesWhileItWaitsIsReplaced() throws Exception {
        // its end comes a moment after the command's
        assertThat(sh(RUNNER + "(setsid sh -c \"sleep 0.5; kill -9 $d\" >/dev/null 2>&1 &) ; env -i true")
                        .exitCode())
                .isZero();
        for (int i = 0; i < 10; i++) {
            assertThat(sh("echo next; sleep 0.1")).isEqualTo(shell("next\n", 0));
        }
    }

    @Test
    void aLogThatIsCutWhileACommandRunsIsReadAgain() throws Exception {
        sh("echo first");
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 20; i++) {
            expected.append("line ").append(i).append('\n');
        }
        ExecutorService one = Executors.newSingleThreadExecutor();
        try {
            Future<Ran> ran = one.submit(() -> sh("touch begun; i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo line $i;"
                    + " sleep 0.1; done; exit 5"));
            await().until(() -> calls(INPUT) == 1);
            simulated.simulator().cutLogs();
            assertThat(ran.get()).isEqualTo(shell(expected.toString(), 5));
        } finally {
            one.shutdownNow();
        }
        assertThat(calls(LOGS)).isGreaterThanOrEqualTo(2);
        assertThat(calls(EXEC)).isOne();
        assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
        assertThat(calls(EXEC)).as("the same shell").isOne();
    }

    @Test
    void aLogThatIsCutWhileNothingRunsIsNotReadAgain() throws Exception {
        sh("echo first");
        simulated.simulator().cutLogs();
        await().until(() -> calls("DELETE " + SESSION) == 1);
        assertThat(calls(LOGS)).isOne();
        assertThat(sh("echo next")).isEqualTo(shell("next\n", 0));
        assertThat(calls(EXEC)).isEqualTo(2);
    }

    @Test
    void aShellIsReplacedAfterManyCommands() throws Exception {
        for (int i = 1; i <= 201; i++) {
            assertThat(run("echo", Integer.toString(i))).isEqualTo(shell(i + "\n", 0));
        }
        assertThat(calls(EXEC)).isEqualTo(2);
        await().until(() -> calls("DELETE " + SESSION) == 1);
    }

    @Test
    void outputInFilesIsTheCommandsOwn() throws Exception {
        for (String letter : List.of("a", "b", "c")) {
            assertThat(sh("head -c 3000000 /dev/zero | tr '\\0' " + letter))
                    .isEqualTo(shell(letter.repeat(3_000_000), 0));
            assertThat(sh("echo " + letter)).isEqualTo(shell(letter + "\n", 0));
        }
        await().until(() -> calls("DELETE /toolbox/{sandboxId}/files") >= 3);
        assertThat(sh("cat /tmp/.sandkeeper/x/*/*/o.[0-9]* | wc -c").output().strip())
                .isEqualTo("0");
    }

    @Test
    void aCommandWithoutADeadlineIsOneRequestToo() throws Exception {
        sh("true");
        int uploads = calls(UPLOAD);
        assertThat(run(request(false, null, "echo", "here"), new byte[0])).isEqualTo(shell("here\n", 0));
        assertThat(calls(INPUT)).isOne();
        assertThat(calls(UPLOAD) - uploads).as("a sign of life, if any").isLessThanOrEqualTo(1);
        // longer than a host may be silent
        assertThat(run(request(false, null, "sh", "-c", "sleep 11; echo alive"), new byte[0]))
                .isEqualTo(shell("alive\n", 0));
    }
}

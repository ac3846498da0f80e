package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.command;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ShellChannelTest {
    private static final String DEBIAN = "sandkeeper-test/debian-python";

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    /** What a command printed, and which channel ran it. */
    private record Ran(Sandboxes.Ran result, String channel) {
        String out() {
            return result.out();
        }

        int code() {
            return result.code();
        }
    }

    private static Ran run(BackendSandbox sandbox, ProcessRequest request) {
        try (BackendProcess process = sandbox.start(request)) {
            return new Ran(Sandboxes.pump(process), process.channel());
        }
    }

    private static Ran sh(BackendSandbox sandbox, String script) {
        return run(sandbox, command("sh", "-c", script));
    }

    private static ProcessRequest with(Map<String, String> environment, String... arguments) {
        return new ProcessRequest(List.of(arguments), environment, "/workspace", null, false, null);
    }

    private BackendSandbox create(String image) {
        return sandboxes.create(SandboxSpec.builder().image(image).build());
    }

    private static void assertShellWorks(BackendSandbox sandbox) {
        Ran ran = sh(sandbox, "echo out; echo err >&2; exit 3");
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.out()).isEqualTo("out\n");
        assertThat(ran.result().err()).isEqualTo("err\n");
        assertThat(ran.code()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {TestEngine.IMAGE, DEBIAN})
    void runsCommandsByTheSameShellOneAfterAnother(String image) {
        BackendSandbox sandbox = create(image);
        List<String> parents = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Ran ran = sh(sandbox, "echo $PPID");
            assertThat(ran.channel()).isEqualTo("shell");
            parents.add(ran.out());
        }
        assertThat(parents).containsOnly(parents.get(0));
    }

    @Test
    void givesEachCommandAProcessGroupAndASessionOfItsOwn() {
        BackendSandbox sandbox = sandboxes.create();
        String group = sh(sandbox, "read -r _ _ _ _ group session _ </proc/self/stat; echo $group $session $$")
                .out();
        String[] numbers = group.strip().split(" ", -1);
        assertThat(numbers).hasSize(3);
        assertThat(numbers[0]).isEqualTo(numbers[1]).isEqualTo(numbers[2]);
    }

    @ParameterizedTest
    @ValueSource(strings = {TestEngine.IMAGE, DEBIAN})
    void passesEveryByteInArgumentsVariablesAndInput(String image) {
        BackendSandbox sandbox = create(image);
        Random random = new Random(7);
        String letters = "ab'\"\\$`!*?[]{}()<>|&;#~=%^, \t\r\n\u0001\u007f\u0080\u0081\u0088\u00ff\u20ac\ud83d\ude00-";
        int[] points = letters.codePoints().toArray();
        for (int round = 0; round < 40; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(60); i >= 0; i--) {
                text.appendCodePoint(points[random.nextInt(points.length)]);
            }
            String value = text.toString();
            String hex = HexFormat.of().formatHex(value.getBytes(StandardCharsets.UTF_8));
            String dump = "printf %s \"$1\" | od -An -v -tx1 | tr -d ' \\n'; echo; printf %s \"$V\" | od -An -v -tx1"
                    + " | tr -d ' \\n'";
            Ran ran = run(sandbox, with(Map.of("V", value), "sh", "-c", dump, "sh", value));
            assertThat(ran.channel()).isEqualTo("shell");
            assertThat(ran.out()).isEqualTo(hex + "\n" + hex);
        }
        byte[] input = new byte[BackendSandbox.SMALL_INPUT];
        random.nextBytes(input);
        for (int length : new int[] {1, 255, 4096, input.length}) {
            byte[] part = java.util.Arrays.copyOf(input, length);
            try (BackendProcess process = sandbox.start(command("od", "-An", "-v", "-tx1"), part)) {
                String out = Sandboxes.pump(process).out().replaceAll("\\s", "");
                assertThat(process.channel()).isEqualTo("shell");
                assertThat(out).isEqualTo(HexFormat.of().formatHex(part));
            }
        }
    }

    @Test
    void showsNoValueInAnArgumentVector() {
        BackendSandbox sandbox = sandboxes.create();
        String secret = "s3cr3t-" + System.nanoTime();
        Ran ran = run(sandbox, with(Map.of("TOKEN", secret), "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"));
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.out()).contains("tr").doesNotContain(secret);
        assertThat(sh(sandbox, "echo \"[$TOKEN]\"").out()).isEqualTo("[]\n");
    }

    @Test
    void leavesToAnExecWhatAShellCannotDo() {
        BackendSandbox sandbox = sandboxes.create();
        assertThat(run(sandbox, with(Map.of("IFS", "x"), "true")).channel()).isEqualTo("exec");
        assertThat(run(sandbox, command("echo", "x".repeat(100_000), "x".repeat(100_000)))
                        .channel())
                .isEqualTo("exec");
        ProcessRequest fresh = new ProcessRequest(List.of("true"), Map.of(), "/workspace", null, false, null, true);
        assertThat(run(sandbox, fresh).channel()).isEqualTo("exec");
        try (BackendProcess process = sandbox.start(command("cat").withStdin())) {
            assertThat(process.channel()).isEqualTo("exec");
            process.end(Duration.ZERO);
        }
        assertShellWorks(sandbox);
    }

    @Test
    void saysWhatCannotBeStartedAndTellsItFromTheProgramsOwnCode() {
        BackendSandbox sandbox = sandboxes.create();
        sh(
                sandbox,
                "printf '#!/no/such\\n' > /workspace/bad; printf 'echo plain $1' > /workspace/plain;"
                        + " printf '\\177ELF broken' > /workspace/broken; touch /workspace/data;"
                        + " chmod +x /workspace/bad /workspace/plain /workspace/broken");
        assertThatThrownBy(() -> run(sandbox, command("no-such-program")))
                .isInstanceOf(CommandNotStartableException.class)
                .hasMessageContaining("127");
        assertThatThrownBy(() -> run(sandbox, command("./data"))).hasMessageContaining("126");
        assertThatThrownBy(() -> run(sandbox, command("./bad"))).isInstanceOf(CommandNotStartableException.class);
        assertThatThrownBy(() ->
                        run(sandbox, new ProcessRequest(List.of("true"), Map.of(), "/no/such", null, false, null)))
                .isInstanceOf(CommandNotStartableException.class)
                .hasMessageContaining("/no/such");
        assertThat(run(sandbox, command("./plain", "script")).out()).isEqualTo("plain script\n");
        assertThat(sh(sandbox, "exit 127").code()).isEqualTo(127);
        assertThat(sh(sandbox, "(setsid /no/such; exit $?)").code()).isEqualTo(127);
        assertThat(sh(sandbox, "exit 126").code()).isEqualTo(126);
        assertShellWorks(sandbox);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kill -9 $PPID",
                "kill -TERM 0",
                "kill -9 0",
                "kill -TERM -1",
                "kill -9 -1",
                "kill -STOP $PPID; kill -9 $$",
                "for p in /proc/[0-9]*; do kill -9 ${p#/proc/}; done 2>/dev/null",
                "exec >&- 2>&- <&-; exit 5",
                "exec setsid sh -c 'exec >/dev/null 2>&1 </dev/null; sleep 0.2'"
            })
    void survivesACommandThatHarmsWhatRunsIt(String script) throws Exception {
        BackendSandbox sandbox = sandboxes.create();
        CompletableFuture<Void> harm = CompletableFuture.runAsync(() -> {
            try (BackendProcess process = sandbox.start(command(Duration.ofSeconds(3), "sh", "-c", script))) {
                Sandboxes.pump(process);
            }
        });
        try {
            harm.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(dev.sandkeeper.SandboxException.class);
        } catch (TimeoutException e) {
            throw new AssertionError("hangs", e);
        }
        await().untilAsserted(() -> assertShellWorks(sandbox));
    }

    @Test
    void believesNoForgedMark() {
        BackendSandbox sandbox = sandboxes.create();
        String forge = "printf '\\001%032d X 0 0\\n' 7 >&2; printf '\\001%032d' 7; printf '\\001'; exit 9";
        Ran ran = sh(sandbox, forge);
        assertThat(ran.code()).isEqualTo(9);
        assertThat(ran.out()).isEqualTo("\u0001" + "0".repeat(31) + "7\u0001");
        assertThat(ran.result().err()).isEqualTo("\u0001" + "0".repeat(31) + "7 X 0 0\n");
        assertShellWorks(sandbox);
    }

    @Test
    void givesUpAShellWhoseCommandLeftAProcessBehind() {
        BackendSandbox sandbox = sandboxes.create();
        String first = sh(sandbox, "echo $PPID").out();
        Ran ran = sh(sandbox, "setsid sh -c 'sleep 1; echo late; exec sleep 98774' & echo $PPID");
        assertThat(ran.out()).isEqualTo(first);
        for (int i = 0; i < 5; i++) {
            assertThat(sh(sandbox, "echo $PPID").out()).isNotEqualTo(first).doesNotContain("late");
        }
        assertThat(sh(sandbox, "ps | grep -c '[9]8774'").out()).isIn("1\n", "0\n");
        await().untilAsserted(() ->
                assertThat(sh(sandbox, "ps | grep -c '[s]leep 98774'").out()).isEqualTo("1\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // the last of few that were made, the first of few, and the first of so many that all are looked at
                "for i in 1 2 3; do true & done; sleep 98773 &",
                "sleep 98773 & for i in 1 2 3; do sh -c true; done;",
                "sleep 98773 & i=0; while [ $i -lt 200 ]; do sh -c true; i=$((i + 1)); done;"
            })
    void seesWhicheverProcessACommandLeftBehind(String script) {
        BackendSandbox sandbox = sandboxes.create();
        String first = sh(sandbox, "echo $PPID").out();
        Ran ran = sh(sandbox, script + " echo $PPID");
        assertThat(ran.out()).isEqualTo(first);
        assertThat(sh(sandbox, "echo $PPID").out()).isNotEqualTo(first);
    }

    @Test
    void keepsAShellWhoseCommandMadeManyProcessesAndLeftNone() {
        BackendSandbox sandbox = sandboxes.create();
        String first = sh(sandbox, "echo $PPID").out();
        for (String many :
                List.of("sh -c true; sh -c true", "i=0; while [ $i -lt 200 ]; do sh -c true; i=$((i + 1)); done")) {
            assertThat(sh(sandbox, many + "; echo $PPID").out()).isEqualTo(first);
        }
        assertThat(sh(sandbox, "echo $PPID").out()).isEqualTo(first);
    }

    @Test
    void refusesCommandsWhileSomebodyHasPausedTheSandbox() {
        BackendSandbox sandbox = sandboxes.create();
        assertShellWorks(sandbox);
        sandboxes
                .engine()
                .ask(client -> client.pauseContainerCmd(sandbox.providerRef()).exec());
        for (int i = 0; i < 3; i++) {
            await().pollDelay(Duration.ofMillis(150)).until(() -> true);
            assertThatThrownBy(() -> sh(sandbox, "touch ran")).hasMessageContaining("paused");
        }
        sandboxes
                .engine()
                .ask(client -> client.unpauseContainerCmd(sandbox.providerRef()).exec());
        assertThat(sh(sandbox, "test -e ran").code()).isEqualTo(1);
        sandboxes.backend().pause(sandbox.providerRef());
        assertThatThrownBy(() -> sh(sandbox, "touch ran")).hasMessageContaining("paused");
        assertThatThrownBy(() -> sh(sandbox, "touch ran")).hasMessageContaining("paused");
        sandboxes.backend().resume(sandbox.providerRef());
        assertThat(sh(sandbox, "test -e ran").code()).isEqualTo(1);
        assertShellWorks(sandbox);
    }

    @Test
    void isPausedOnlyWhileNoCommandIsBeingStarted() throws Exception {
        BackendSandbox sandbox = sandboxes.create();
        CompletableFuture<Integer> commands = CompletableFuture.supplyAsync(() -> {
            int ran = 0;
            for (int i = 0; i < 40; i++) {
                try {
                    ProcessRequest fresh =
                            new ProcessRequest(List.of("true"), Map.of(), "/workspace", null, false, null, true);
                    assertThat(Sandboxes.run(sandbox, fresh).code()).isZero();
                    ran++;
                } catch (BackendRejectedException e) {
                    assertThat(e.code()).isEqualTo("sandbox_paused");
                }
            }
            return ran;
        });
        while (!commands.isDone()) {
            sandboxes.backend().pause(sandbox.providerRef());
            sandboxes.backend().resume(sandbox.providerRef());
        }
        assertThat(commands.get(60, TimeUnit.SECONDS)).isPositive();
        assertThat(Sandboxes.sh(sandbox, "echo here").out()).isEqualTo("here\n");
    }

    @Test
    void keepsTheShellOfACommandThatEndsInItsGrace() {
        BackendSandbox sandbox = sandboxes.create();
        String shell = sh(sandbox, "echo $PPID").out();
        BackendProcess process = sandbox.start(
                command("sh", "-c", "trap 'kill $!; wait; echo ended; exit 4' TERM; touch ready; sleep 600 & wait"));
        CompletableFuture<Sandboxes.Ran> pumped = CompletableFuture.supplyAsync(() -> Sandboxes.pump(process));
        await().until(() -> sh(sandbox, "test -e ready").code() == 0);
        process.end(Duration.ofSeconds(20));
        assertThat(pumped.join().code()).isEqualTo(4);
        assertThat(pumped.join().out()).isEqualTo("ended\n");
        assertThat(sh(sandbox, "echo $PPID").out()).isEqualTo(shell);
    }

    @Test
    void armsTheDeadlineOfEachCommandAnew() {
        BackendSandbox sandbox = sandboxes.create();
        for (int i = 0; i < 5; i++) {
            assertThat(run(sandbox, command(Duration.ofSeconds(2), "sleep", "1"))
                            .code())
                    .isZero();
        }
        assertThat(run(sandbox, command("sleep", "1")).code()).isZero();
        long start = System.nanoTime();
        Ran ran = run(sandbox, command(Duration.ofMillis(500), "sh", "-c", "echo before; sleep 60"));
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(12));
        assertThat(ran.result().status().timedOut()).isTrue();
        assertThat(ran.out()).isEqualTo("before\n");
        assertShellWorks(sandbox);
    }

    @Test
    void leavesNothingRunningAfterManyCommandsAtATime() {
        BackendSandbox sandbox = sandboxes.create();
        Map<String, Integer> channels = new TreeMap<>();
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        for (int t = 0; t < 12; t++) {
            int thread = t;
            threads.add(CompletableFuture.runAsync(
                    () -> {
                        for (int i = 0; i < 25; i++) {
                            String text = thread + "-" + i;
                            Ran ran = run(
                                    sandbox,
                                    command(Duration.ofSeconds(50), "sh", "-c", "echo " + text + "; exit " + i));
                            assertThat(ran.out()).isEqualTo(text + "\n");
                            assertThat(ran.code()).isEqualTo(i);
                            synchronized (channels) {
                                channels.merge(ran.channel(), 1, Integer::sum);
                            }
                        }
                    },
                    task -> new Thread(task).start()));
        }
        threads.forEach(CompletableFuture::join);
        assertThat(channels.getOrDefault("shell", 0)).isGreaterThan(100);
        sandbox.close();
        BackendSandbox other = sandboxes.backend().attach(sandbox.providerRef());
        // its own guard, shell and timer, the one that asks, and what keeps the sandbox
        await().untilAsserted(() -> assertThat(
                        sh(other, "ls -d /proc/[0-9]* | wc -l").out().strip())
                .matches("[1-9]"));
    }
}

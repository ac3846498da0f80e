package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands by shells that stay in the sandbox, and what programs do to those. */
@Needs(Component.BUBBLEWRAP)
@Timeout(240)
class ShellCommandsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    private Rig rig;
    private BackendSandbox sandbox;

    @BeforeEach
    void create() {
        rig = new Rig(directory.resolve("state"));
        sandbox = rig.create();
    }

    @AfterEach
    void leavesNothing() throws IOException {
        rig.close();
    }

    /** What a command printed, and which channel ran it. */
    private record Ran(Rig.Result result, ExitStatus status, String channel) {
        String out() {
            return result.text();
        }

        int code() {
            return status.exitCode();
        }
    }

    private static Ran run(BackendSandbox sandbox, ProcessRequest request) {
        return run(sandbox.start(request));
    }

    private static Ran run(BackendProcess started) {
        try (BackendProcess process = started) {
            Rig.Result result = new Rig.Result();
            return new Ran(result, process.pump(result), process.channel());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aVariableWhoseNameNoShellTakesIsTheCommandsOwn() {
        for (String name : List.of("x;exit 0;y", "a b", "OPTIND")) {
            Map<String, String> environment = Map.of(name, "v w");
            Ran failed = run(
                    sandbox, new ProcessRequest(List.of("false"), environment, "/workspace", null, false, PATIENCE));
            assertThat(failed.code()).as(name).isEqualTo(1);
            assertThat(failed.channel()).isEqualTo("exec");
            Ran shown =
                    run(sandbox, new ProcessRequest(List.of("env"), environment, "/workspace", null, false, PATIENCE));
            assertThat(shown.out().lines()).contains(name + "=v w");
        }
    }

    private Ran sh(String script) {
        return run(sandbox, Rig.script(script));
    }

    private static ProcessRequest with(Map<String, String> environment, String... arguments) {
        return new ProcessRequest(List.of(arguments), environment, "/workspace", null, false, null);
    }

    private static ProcessRequest fresh(String script) {
        return new ProcessRequest(List.of("sh", "-c", script), Map.of(), "/workspace", null, false, null, true);
    }

    private void assertShellWorks() {
        Ran ran = sh("echo out; echo err >&2; exit 3");
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.out()).isEqualTo("out\n");
        assertThat(ran.result().errors()).isEqualTo("err\n");
        assertThat(ran.code()).isEqualTo(3);
    }

    /** Of all processes of the sandbox, those that its own commands see: the same number is another shell in a new namespace. */
    private String namespace() {
        return sh("readlink /proc/self/ns/pid").out();
    }

    @Test
    void runsCommandsByTheSameShellOneAfterAnother() {
        String first = namespace();
        for (int i = 0; i < 20; i++) {
            assertThat(namespace()).isEqualTo(first);
            assertShellWorks();
        }
    }

    @Test
    void givesEachCommandAProcessGroupAndASessionOfItsOwn() {
        String[] numbers = sh("read -r _ _ _ _ group session _ </proc/self/stat; echo $group $session $$")
                .out()
                .strip()
                .split(" ", -1);
        assertThat(numbers).hasSize(3);
        assertThat(numbers[0]).isEqualTo(numbers[1]).isEqualTo(numbers[2]);
    }

    @Test
    void passesEveryByteInArgumentsVariablesAndInput() {
        Random random = new Random(7);
        String letters = "ab'\"\\$`!*?[]{}()<>|&;#~=%^, \t\r\n\u0001\u007f\u0080\u0081\u0088\u00ff\u20ac\ud83d\ude00-";
        int[] points = letters.codePoints().toArray();
        String dump = "printf %s \"$1\" | od -An -v -tx1 | tr -d ' \\n'; echo; printf %s \"$V\" | od -An -v -tx1"
                + " | tr -d ' \\n'";
        for (int round = 0; round < 20; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(60); i >= 0; i--) {
                text.appendCodePoint(points[random.nextInt(points.length)]);
            }
            String value = text.toString();
            String hex = HexFormat.of().formatHex(value.getBytes(StandardCharsets.UTF_8));
            Ran ran = run(sandbox, with(Map.of("V", value), "sh", "-c", dump, "sh", value));
            assertThat(ran.channel()).isEqualTo("shell");
            assertThat(ran.out()).isEqualTo(hex + "\n" + hex);
        }
        byte[] input = new byte[BackendSandbox.SMALL_INPUT];
        random.nextBytes(input);
        for (int length : new int[] {1, 255, 4096, input.length}) {
            byte[] part = Arrays.copyOf(input, length);
            Ran ran = run(sandbox.start(with(Map.of(), "od", "-An", "-v", "-tx1"), part));
            assertThat(ran.channel()).isEqualTo("shell");
            assertThat(ran.out().replaceAll("\\s", "")).isEqualTo(HexFormat.of().formatHex(part));
        }
    }

    @Test
    void showsNoValueInAnArgumentVectorHereOrThere() {
        String secret = "s3cr3t-" + System.nanoTime();
        Ran ran = run(sandbox, with(Map.of("TOKEN", secret), "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"));
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.out()).contains("tr").doesNotContain(secret);
        assertThat(sh("echo \"[$TOKEN]\"").out()).isEqualTo("[]\n");
    }

    @Test
    void leavesToAProcessOfItsOwnWhatAShellCannotDo() {
        assertThat(run(sandbox, with(Map.of("IFS", "x"), "true")).channel()).isEqualTo("exec");
        assertThat(run(sandbox, with(Map.of(), "echo", "x".repeat(100_000), "x".repeat(100_000)))
                        .channel())
                .isEqualTo("exec");
        Ran fresh = run(sandbox, fresh("cat /proc/[0-9]*/comm; exit 7"));
        assertThat(fresh.channel()).isEqualTo("exec");
        assertThat(fresh.out().lines()).as("nothing but itself").containsExactlyInAnyOrder("bwrap", "sh");
        try (BackendProcess process = sandbox.start(with(Map.of(), "cat").withStdin())) {
            assertThat(process.channel()).isEqualTo("exec");
            process.end(Duration.ZERO);
        }
        assertShellWorks();
    }

    @Test
    void saysWhatCannotBeStartedAndTellsItFromTheProgramsOwnCode() {
        sh(
                "printf '#!/no/such\\n' > bad; printf 'echo plain $1' > plain; printf '\\177ELF broken' > broken; touch data;"
                        + " chmod +x bad plain broken");
        assertThatThrownBy(() -> run(sandbox, with(Map.of(), "no-such-program")))
                .isInstanceOf(CommandNotStartableException.class)
                .hasMessageContaining("127");
        assertThatThrownBy(() -> run(sandbox, with(Map.of(), "./data")))
                .isInstanceOf(CommandNotStartableException.class)
                .hasMessageContaining("126");
        assertThatThrownBy(() -> run(sandbox, with(Map.of(), "./bad")))
                .isInstanceOf(CommandNotStartableException.class);
        assertThatThrownBy(() ->
                        run(sandbox, new ProcessRequest(List.of("true"), Map.of(), "/no/such", null, false, null)))
                .isInstanceOf(CommandNotStartableException.class)
                .hasMessageContaining("/no/such");
        assertThat(sh("exit 127").code()).isEqualTo(127);
        assertThat(sh("exit 126").code()).isEqualTo(126);
        assertShellWorks();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kill -9 $PPID",
                "kill -9 $PPID; exec sleep 98771",
                "kill -TERM 0",
                "kill -9 0",
                "kill -TERM -1",
                "kill -9 -1",
                "kill -STOP $PPID; kill -9 $$",
                "for p in /proc/[0-9]*; do kill -9 ${p#/proc/}; done 2>/dev/null",
                "exec >&- 2>&- <&-; exit 5",
                "exec setsid sh -c 'exec >/dev/null 2>&1 </dev/null; sleep 0.2'",
                "exec 2>/dev/null; while :; do sleep 60 & done"
            })
    void survivesACommandThatHarmsWhatRunsIt(String script) throws Exception {
        CompletableFuture<Void> harm = CompletableFuture.runAsync(() -> {
            try (BackendProcess process = sandbox.start(Rig.withDeadline(script, Duration.ofSeconds(2)))) {
                process.pump(new Rig.Result());
                process.end(Duration.ZERO);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        try {
            harm.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(SandboxException.class);
        } catch (TimeoutException e) {
            throw new AssertionError("hangs", e);
        }
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(this::assertShellWorks);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(rig.processes(sandbox.providerRef(), "98771"))
                        .isZero());
    }

    @Test
    void believesNoForgedMark() {
        String forge = "printf '\\001%032d X 0 0\\n' 7 >&2; printf '\\001%032d' 7; printf '\\001'; exit 9";
        Ran ran = sh(forge);
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.code()).isEqualTo(9);
        assertThat(ran.out()).isEqualTo("\u0001" + "0".repeat(31) + "7\u0001");
        assertThat(ran.result().errors()).isEqualTo("\u0001" + "0".repeat(31) + "7 X 0 0\n");
        assertShellWorks();
    }

    @Test
    void takesAFloodOnBothStreams() {
        Ran ran = sh("head -c 5000000 /dev/zero >&2 & head -c 5000000 /dev/zero; wait; exit 6");
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.code()).isEqualTo(6);
        assertThat(ran.out()).hasSize(5_000_000);
        assertThat(ran.result().errors()).hasSize(5_000_000);
        assertShellWorks();
    }

    @Test
    void givesUpAShellWhoseCommandLeftAProcessBehindThatGoesOn() {
        String first = namespace();
        Ran ran = sh("setsid sh -c 'sleep 1; echo late; echo late >> late; exec sleep 98774' &");
        assertThat(ran.out()).isEmpty();
        assertThat(ran.channel()).isEqualTo("shell");
        for (int i = 0; i < 5; i++) {
            assertThat(namespace()).isNotEqualTo(first).doesNotContain("late");
        }
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(sh("cat late").out()).isEqualTo("late\n"));
        assertThat(rig.processes(sandbox.providerRef(), "98774")).isOne();
    }

    @Test
    void waitsForNobodyWhoHasLetGoOfTheStreams() {
        assertThat(sh("sleep 98775 >/dev/null 2>&1 & exit 4").code()).isEqualTo(4);
        BackendProcess process = sandbox.start(Rig.script("sleep 98776 >/dev/null 2>&1 & exit 4"));
        assertThat(run(process).code()).isEqualTo(4);
        assertThat(rig.processes(sandbox.providerRef(), "98776")).isOne();
        process.end(Duration.ZERO);
        assertThat(rig.processes(sandbox.providerRef(), "98776"))
                .as("what the command has left behind is its own")
                .isZero();
        assertThat(rig.processes(sandbox.providerRef(), "98775"))
                .as("and what another one has is not")
                .isOne();
    }

    @Test
    void keepsTheShellOfACommandThatEndsInItsGrace() {
        String shell = namespace();
        BackendProcess process = sandbox.start(
                Rig.script("trap 'kill $!; wait; echo ended; exit 4' TERM; touch ready; sleep 600 & wait"));
        CompletableFuture<Ran> pumped = CompletableFuture.supplyAsync(() -> run(process));
        await().atMost(PATIENCE).until(() -> sh("test -e ready").code() == 0);
        process.end(Duration.ofSeconds(20));
        assertThat(pumped.join().code()).isEqualTo(4);
        assertThat(pumped.join().out()).isEqualTo("ended\n");
        List<String> namespaces = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            namespaces.add(namespace());
        }
        assertThat(namespaces).contains(shell);
    }

    @Test
    void killsACommandThatIgnoresTermAndItsWholeTree() {
        BackendProcess process = sandbox.start(
                Rig.script(
                        "trap '' TERM; setsid sh -c 'while :; do sleep 98777; done' & touch ready; while :; do sleep 98777; done"));
        CompletableFuture<Ran> pumped = CompletableFuture.supplyAsync(() -> run(process));
        await().atMost(PATIENCE).until(() -> sh("test -e ready").code() == 0);
        process.end(Duration.ofMillis(200));
        assertThat(pumped.join().code()).isEqualTo(137);
        assertThat(rig.processes(sandbox.providerRef(), "98777")).isZero();
        assertShellWorks();
    }

    @Test
    void signalsTheCommandAndNotTheShell() {
        String shell = namespace();
        BackendProcess process =
                sandbox.start(Rig.script("trap 'exit 5' USR1; touch ready; while [ ! -e never ]; do :; done"));
        CompletableFuture<Ran> pumped = CompletableFuture.supplyAsync(() -> run(process));
        await().atMost(PATIENCE).until(() -> sh("test -e ready").code() == 0);
        process.signal(Signal.USR1);
        assertThat(pumped.join().code()).isEqualTo(5);
        BackendProcess other = sandbox.start(Rig.script("exec sleep 98770"));
        CompletableFuture<Ran> others = CompletableFuture.supplyAsync(() -> run(other));
        process.signal(Signal.KILL);
        process.end(Duration.ofSeconds(1));
        assertThat(others)
                .as("what comes later by the same shell is not harmed")
                .isNotDone();
        other.signal(Signal.KILL);
        assertThat(others.join().code()).isEqualTo(137);
        assertThat(List.of(namespace(), namespace())).contains(shell);
        assertShellWorks();
    }

    @Test
    void endsACommandAfterItsDeadlineThatNobodyEnds() {
        for (int i = 0; i < 3; i++) {
            assertThat(run(sandbox, Rig.withDeadline("sleep 0.2", Duration.ofSeconds(60)))
                            .code())
                    .isZero();
        }
        long start = System.nanoTime();
        Ran ran = run(sandbox, Rig.withDeadline("echo before; sleep 98778", Duration.ofMillis(500)));
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(30));
        assertThat(ran.channel()).isEqualTo("shell");
        assertThat(ran.status().timedOut()).isTrue();
        assertThat(ran.out()).isEqualTo("before\n");
        assertThat(rig.processes(sandbox.providerRef(), "98778")).isZero();
        assertShellWorks();
    }

    @Test
    void goesOnWithoutAShellWhereProcessesAreUsedUpAndWithOneAfterwards() {
        if (!rig.backend().capabilities().contains(Capability.PROCESS_LIMIT)) {
            return;
        }
        BackendSandbox small = rig.create(SandboxSpec.builder().maxProcesses(20).build());
        String count = "perl -e '$n=0; while (defined($p = fork)) { if (!$p) { sleep 98779; exit } last if ++$n > 100 }"
                + " print $n'";
        BackendProcess filling = small.start(Rig.script("exec " + count + " 2>/dev/null"));
        assertThat(run(filling).out()).as("the command itself and 19 more").isEqualTo("19");
        filling.end(Duration.ZERO);
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(
                                run(small, Rig.script("echo free again")).channel())
                        .isEqualTo("shell"));
        assertThat(run(small, fresh("exec " + count + " 2>/dev/null")).out())
                .as("as many for one beside a shell")
                .isEqualTo("19");
    }

    @Test
    void leavesNothingRunningAfterManyCommandsAtATime() {
        Map<String, Integer> channels = new TreeMap<>();
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        for (int t = 0; t < 12; t++) {
            int thread = t;
            threads.add(CompletableFuture.runAsync(
                    () -> {
                        for (int i = 0; i < 15; i++) {
                            String text = thread + "-" + i;
                            Ran ran = run(
                                    sandbox, Rig.withDeadline("echo " + text + "; exit " + i, Duration.ofSeconds(100)));
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
        assertThat(channels.getOrDefault("shell", 0)).isGreaterThan(40);
        sandbox.close();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(rig.processes(sandbox.providerRef(), "--json-status-fd"))
                        .isZero());
    }

    @Test
    void putsSmallFilesThroughAShell() throws IOException {
        byte[] content = new byte[2000];
        new Random(3).nextBytes(content);
        String shell = namespace();
        sandbox.files().write("/workspace/f", new ByteArrayInputStream(content), -1);
        try (InputStream in = sandbox.files().read("/workspace/f")) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(namespace()).isEqualTo(shell);
    }
}

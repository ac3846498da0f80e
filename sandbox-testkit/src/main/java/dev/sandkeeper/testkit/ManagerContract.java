package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackgroundCommand;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileChange;
import dev.sandkeeper.FileChangeListener;
import dev.sandkeeper.FileWatch;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.OutputListener;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.SandboxProcess;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.TransferOptions;
import dev.sandkeeper.WatchOptions;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an application sees of a backend through a {@link SandboxManager}, with a store in memory and an engine that works by
 * itself. A backend's author extends it beside {@link SandboxBackendContract}.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class ManagerContract {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private SandboxStore store = SandboxStore.inMemory();
    private SandboxManager manager;
    private Set<Thread> threadsBefore = Set.of();

    /** For subclasses, which JUnit makes anew for each test. */
    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else.
    protected ManagerContract() {}

    /**
     * Makes a backend; each one over the same provider.
     *
     * @return a new backend
     */
    protected abstract SandboxBackend backend();

    /**
     * What sandboxes are made from; they need {@code sh}, {@code setsid} and the ordinary tools of busybox or of GNU.
     *
     * @return the spec
     */
    protected abstract SandboxSpec spec();

    /**
     * How many pairs of create and destroy eight threads do in all.
     *
     * @return default 40
     */
    protected int pairs() {
        return 40;
    }

    /**
     * Whether a thread is the provider's and may outlive a test, where a simulator of it runs in this JVM for all of them.
     *
     * @param thread its name
     * @return default: whether it starts with {@code simulator-}
     */
    protected boolean isOfProvider(String thread) {
        return thread.startsWith("simulator-");
    }

    @BeforeEach
    final void start() {
        threadsBefore = LeakChecks.liveThreads();
        manager = manager(store);
    }

    @AfterEach
    final void leavesNothing() {
        String deployment = store.deployment();
        manager.close();
        try (SandboxBackend witness = backend()) {
            List<OwnedResource> left = witness.listOwned(deployment).resources();
            left.forEach(resource -> witness.destroy(resource.providerRef()));
            assertThat(left).as("what is left at the provider").isEmpty();
        }
        LeakChecks.assertNoThreadsSince(threadsBefore, PATIENCE, this::isOfProvider);
    }

    private SandboxManager manager(SandboxStore over) {
        return SandboxManager.builder()
                .backend(backend())
                .store(over)
                .cleanup(CleanupSettings.builder()
                        .lookInterval(Duration.ofMillis(200))
                        // longer than a create takes: the orphan of a test is one before it is ready
                        .sweepGrace(Duration.ofSeconds(4))
                        .sweepInterval(Duration.ofMillis(300))
                        .build())
                .build();
    }

    @Test
    final void aProgramReadsAFileWritesAFileAndExitsWithItsCode() {
        try (Sandbox sandbox = manager.create(spec())) {
            sandbox.files().write("input.txt", "6 7\n");
            sandbox.files()
                    .write("main.sh", "cat input.txt input.txt > output.txt\necho done\necho warn >&2\nexit 3\n");
            ExecResult result = sandbox.exec("sh", "main.sh");
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.stdout()).isEqualTo("done\n");
            assertThat(result.stderr()).isEqualTo("warn\n");
            assertThat(sandbox.files().readString("output.txt")).isEqualTo("6 7\n6 7\n");
        }
    }

    @Test
    final void aRunawayWithChildrenIsEndedAtItsDeadlineWithWhatItHadPrinted() {
        try (Sandbox sandbox = manager.create(spec())) {
            ExecResult result = sandbox.exec(Command.builder(
                            "sh",
                            "-c",
                            "echo begun; (while :; do echo x >> beat; sleep 0.1; done) & "
                                    + "setsid sh -c 'while :; do echo x >> beat; sleep 0.1; done' & wait")
                    .deadline(Duration.ofSeconds(1))
                    .grace(Duration.ofMillis(200))
                    .build());
            assertThat(result.timedOut()).isTrue();
            assertThat(result.stdout()).isEqualTo("begun\n");
            assertThat(result.duration()).isLessThan(Duration.ofSeconds(10));

            long size = sandbox.files().stat("beat").size();
            sandbox.exec("sleep", "0.5");
            assertThat(sandbox.files().stat("beat").size()).isEqualTo(size);
        }
    }

    @Test
    final void aLongGraceIsGivenWhole() {
        try (Sandbox sandbox = manager.create(spec())) {
            ExecResult result = sandbox.exec(Command.builder("sh", "-c", "trap '' TERM; echo begun; sleep 9; echo done")
                    .deadline(Duration.ofSeconds(1))
                    .grace(Duration.ofSeconds(30))
                    .build());
            assertThat(result.timedOut()).isTrue();
            assertThat(result.stdout()).isEqualTo("begun\ndone\n");
        }
    }

    @Test
    final void aHundredMegabytesOfOutputAreBoundedAndCounted() {
        try (Sandbox sandbox = manager.create(spec())) {
            long bytes = 100L << 20;
            ExecResult result =
                    sandbox.exec(Command.shell("echo first; head -c " + (bytes - 11) + " /dev/zero; echo last"));
            assertThat(result.exitCode()).isZero();
            assertThat(result.stdoutCapture().totalBytes()).isEqualTo(bytes);
            assertThat(result.truncated()).isTrue();
            assertThat(result.stdoutCapture().bytes()).hasSize(1 << 20);
            assertThat(result.stdout()).startsWith("first\n").endsWith("last\n").contains("bytes left out");
        }
    }

    @Test
    final void quickPairsFromEightThreadsLeaveNothing() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int i = 0; i < pairs(); i++) {
                tasks.add(() -> {
                    manager.create(spec()).close();
                    return null;
                });
            }
            for (Future<Void> task : threads.invokeAll(tasks)) {
                task.get();
            }
        } finally {
            threads.shutdownNow();
        }
        await().atMost(PATIENCE)
                .until(() -> manager.list(SandboxQuery.all()).sandboxes().isEmpty());
        try (SandboxBackend witness = backend()) {
            assertThat(witness.listOwned(store.deployment()).resources()).isEmpty();
        }
    }

    @Test
    final void anotherDeploymentsSandboxesSurviveSweepsAndOrphansOfThisOneDoNot() {
        SandboxId foreign = SandboxId.generate(1);
        SandboxId orphan = SandboxId.generate(2);
        String elsewhere = store.deployment() + "x";
        try (SandboxBackend other = backend()) {
            other.create(request(elsewhere, foreign)).close();
            other.create(request(store.deployment(), orphan)).close();
            await().atMost(PATIENCE)
                    .until(() -> other.find(store.deployment(), orphan).isEmpty());
            assertThat(manager.cleanup().forceSweep().destroyed()).isZero();
            assertThat(other.listOwned(elsewhere).resources()).hasSize(1);
            other.destroy(other.find(elsewhere, foreign).orElseThrow());
            assertThat(other.listOwned(elsewhere).resources()).isEmpty();
        }
    }

    private ProvisionRequest request(String deployment, SandboxId id) {
        return new ProvisionRequest(deployment, id, Instant.ofEpochMilli(1), null, spec(), Map.of(), text -> {});
    }

    @Test
    final void theEngineEndsWhatHasOutlivedItsTime() {
        Sandbox sandbox = manager.create(
                spec().toBuilder().timeToLive(Duration.ofSeconds(2)).build());
        await().atMost(PATIENCE).until(() -> sandbox.info().state() == SandboxState.CLEANED);
        assertThat(sandbox.info().endPolicy()).contains("time_to_live");
        assertThatThrownBy(() -> sandbox.exec("true"))
                .isInstanceOf(SandboxGoneException.class)
                .hasMessageContaining("time to live was over");
        sandbox.close();
    }

    @Test
    final void aBusySandboxIsNotIdle() {
        try (Sandbox sandbox = manager.create(
                spec().toBuilder().idleTimeout(Duration.ofSeconds(1)).build())) {
            assertThat(sandbox.exec("sleep", "4").exitCode()).isZero();
            await().atMost(PATIENCE).until(() -> sandbox.info().state() == SandboxState.CLEANED);
            assertThat(sandbox.info().endPolicy()).contains("idle");
        }
    }

    @Test
    final void anInterruptDuringACommandEndsItAndKeepsTheFlag() throws InterruptedException {
        try (Sandbox sandbox = manager.create(spec())) {
            Thread caller =
                    interruptible(() -> sandbox.exec(Command.shell("while :; do echo x >> beat; sleep 0.1; done")));
            await().atMost(PATIENCE).until(() -> sandbox.files().exists("beat"));
            assertInterrupted(caller);
            long size = sandbox.files().stat("beat").size();
            sandbox.exec("sleep", "0.5");
            assertThat(sandbox.files().stat("beat").size()).isEqualTo(size);
        }
    }

    @Test
    final void anInterruptWhileAProcessIsWaitedForEndsItAndKeepsTheFlag() throws InterruptedException {
        try (Sandbox sandbox = manager.create(spec())) {
            Thread caller = interruptible(() -> {
                try (SandboxProcess process =
                        sandbox.start(Command.shell("while :; do echo x >> beat; sleep 0.1; done"))) {
                    process.waitFor();
                }
            });
            await().atMost(PATIENCE).until(() -> sandbox.files().exists("beat"));
            assertInterrupted(caller);
            long size = sandbox.files().stat("beat").size();
            sandbox.exec("sleep", "0.5");
            assertThat(sandbox.files().stat("beat").size()).isEqualTo(size);
        }
    }

    @Test
    final void anInterruptDuringACopyLeavesTheOldFile() throws InterruptedException {
        try (Sandbox sandbox = manager.create(spec())) {
            sandbox.files().write("target", "old");
            AtomicBoolean reading = new AtomicBoolean();
            Thread caller = interruptible(() -> sandbox.files().write("target", new Endless(reading)));
            await().atMost(PATIENCE).untilTrue(reading);
            assertInterrupted(caller);
            assertThat(sandbox.files().readString("target")).isEqualTo("old");
            assertThat(sandbox.files().list(SandboxSpec.WORKSPACE))
                    .extracting(file -> file.name())
                    .containsExactly("target");
        }
    }

    @Test
    final void anInterruptDuringACopyOfADirectoryIsToldAsSuch(@TempDir Path host) throws IOException {
        Path from = Files.createDirectory(host.resolve("from"));
        Files.write(from.resolve("a"), new byte[3 << 20]);
        Files.write(from.resolve("b"), new byte[3 << 20]);
        TransferOptions interrupting = TransferOptions.builder()
                .listener((files, bytes) -> Thread.currentThread().interrupt())
                .build();
        try (Sandbox sandbox = manager.create(spec())) {
            Thread.currentThread().interrupt();
            assertInterrupted(() -> sandbox.files().upload(from, "never"));
            assertThat(sandbox.files().exists("never")).isFalse();
            assertInterrupted(() -> sandbox.files().upload(from, "cut", interrupting));
            sandbox.files().upload(from, "whole");
            Thread.currentThread().interrupt();
            assertInterrupted(() -> sandbox.files().download("whole", host.resolve("never")));
            assertThat(host.resolve("never")).doesNotExist();
            assertInterrupted(() -> sandbox.files().download("whole", host.resolve("cut"), interrupting));
            assertThat(host.resolve("cut").toFile().list()).hasSizeLessThan(2);
            assertThat(sandbox.files().download("whole", host.resolve("back")).files())
                    .isEqualTo(2);
        }
    }

    private static void assertInterrupted(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).as("the flag is set again").isTrue();
    }

    @Test
    final void modesAndPathsThatNoLinuxHasAreRefused() {
        try (Sandbox sandbox = manager.create(spec())) {
            sandbox.files().write("f", "x");
            int mode = sandbox.files().stat("f").mode();
            for (int wrong : new int[] {-1, 010000, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
                assertThatThrownBy(() -> sandbox.files().setMode("f", wrong))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("07777");
                assertThatThrownBy(() -> sandbox.files().write("f", InputStream.nullInputStream(), wrong))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("07777");
            }
            assertThatThrownBy(() -> sandbox.files().write("\ud83d", "x"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("surrogate");
            for (String tooLong : List.of("x".repeat(5_000), "d/".repeat(2_500) + "f")) {
                assertThatThrownBy(() -> sandbox.files().write(tooLong, "x"))
                        .isInstanceOfSatisfying(
                                FileAccessException.class,
                                e -> assertThat(e.code()).isEqualTo("file_access_failed"))
                        .hasMessageContaining("4095 bytes");
            }
            assertThat(sandbox.files().list(SandboxSpec.WORKSPACE))
                    .extracting(file -> file.name())
                    .containsExactly("f");
            assertThat(sandbox.files().stat("f").mode()).isEqualTo(mode);
            assertThat(sandbox.files().readString("f")).isEqualTo("x");
        }
    }

    @Test
    final void anInterruptDuringACreateLeavesNothing() throws InterruptedException {
        for (int delay = 0; delay < 300; delay += 60) {
            Thread caller = interruptible(() -> {
                manager.create(spec()).close();
                // It was faster than the interrupt: then there is nothing to interrupt but this.
                new java.util.concurrent.CountDownLatch(1).await();
            });
            caller.join(delay + 1L);
            assertInterrupted(caller);
        }
        try (SandboxBackend witness = backend()) {
            await().atMost(PATIENCE)
                    .until(() ->
                            witness.listOwned(store.deployment()).resources().isEmpty());
        }
    }

    @Test
    final void aCommandInTheBackgroundIsSeenByItsNameFromAnotherHandle() {
        try (SandboxBackend probe = backend()) {
            if (!probe.capabilities().contains(Capability.BACKGROUND)) {
                return;
            }
        }
        try (Sandbox sandbox = manager.create(spec())) {
            Command server = Command.builder("sh", "-c", "echo serving; while :; do sleep 0.1; done")
                    .deadline(Duration.ofMinutes(5))
                    .build();
            assertThatThrownBy(() -> sandbox.startInBackground("a/b", server))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a/b");
            assertThatThrownBy(() -> sandbox.startInBackground(
                            "server", server.toBuilder().stdin("x").build()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("stdin");
            sandbox.startInBackground("server", server);
            try (Sandbox other = manager.connect(sandbox.id())) {
                BackgroundCommand found = other.backgroundCommand("server").orElseThrow();
                assertThat(found.status().state()).isEqualTo(BackgroundStatus.State.RUNNING);
                await().atMost(PATIENCE).until(() -> found.log().stdout().text().equals("serving\n"));
                assertThat(other.backgroundCommands())
                        .extracting(BackgroundStatus::name)
                        .containsExactly("server");
                found.end(Duration.ofSeconds(2));
                await().atMost(PATIENCE).until(() -> found.status().state() == BackgroundStatus.State.EXITED);
                found.remove();
                assertThat(sandbox.backgroundCommand("server")).isEmpty();
                assertThatThrownBy(found::status).isInstanceOf(SandboxNotFoundException.class);
            }
        }
    }

    @Test
    final void aTerminalIsGivenToACommandOrRefused() throws IOException {
        boolean has;
        try (SandboxBackend probe = backend()) {
            has = probe.capabilities().contains(Capability.TERMINAL);
        }
        Command shown = Command.builder("sh", "-c", "echo $TERM; stty size")
                .terminal(100, 30)
                .build();
        try (Sandbox sandbox = manager.create(spec())) {
            assertThatThrownBy(() -> sandbox.startInBackground("server", shown))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("terminal");
            try (SandboxProcess process = sandbox.start(Command.of("cat"))) {
                assertThatThrownBy(() -> process.resize(new TerminalSize(80, 24)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("terminal(columns, rows)");
            }
            if (!has) {
                assertThatThrownBy(() -> sandbox.exec(shown)).isInstanceOf(CapabilityMissingException.class);
                assertThatThrownBy(() -> sandbox.start(shown)).isInstanceOf(CapabilityMissingException.class);
                return;
            }
            assertThat(sandbox.exec(shown).stdout()).isEqualTo("xterm-256color\r\n30 100\r\n");
            Command plain = shown.toBuilder().environment("TERM", "dumb").build();
            assertThat(sandbox.exec(plain).stdout()).isEqualTo("dumb\r\n30 100\r\n");
            Command waits = Command.builder(
                            "sh", "-c", "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.1; done")
                    .terminal(100, 30)
                    .build();
            try (SandboxProcess process = sandbox.start(waits)) {
                assertThat(process.stderr().read()).isEqualTo(-1);
                assertThat(process.stdout().readNBytes(7)).isEqualTo("ready\r\n".getBytes(StandardCharsets.US_ASCII));
                process.resize(new TerminalSize(132, 43));
                assertThat(process.stdout().readAllBytes()).isEqualTo("43 132\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(process.waitFor().exitCode()).isEqualTo(3);
                process.resize(new TerminalSize(80, 24));
            }
        }
    }

    @Test
    final void theUsageGrowsWithWhatTheWorkspaceHolds() {
        try (Sandbox sandbox = manager.create(spec())) {
            Long before = sandbox.usage().diskBytes();
            sandbox.exec(Command.shell("head -c 3000000 /dev/zero > /workspace/large"));
            ResourceUsage usage = sandbox.usage();
            if (before == null) {
                assertThat(usage.diskBytes()).isNull();
                return;
            }
            assertThat(usage.diskBytes()).isBetween(before + 2_900_000, before + 3_300_000);
            if (usage.cpuTime() != null) {
                assertThat(usage.cpuTime()).isPositive();
            }
        }
    }

    @Test
    final void aCommandThatIsKilledBySomebodyElseIsNotOutOfMemory() {
        try (Sandbox sandbox = manager.create(spec())) {
            ExecResult killed = sandbox.exec(Command.shell("kill -KILL $$; sleep 5"));
            assertThat(killed.exitCode()).isEqualTo(128 + 9);
            assertThat(killed.outOfMemory()).isFalse();
        }
    }

    /**
     * What takes more than 64 MB of memory, as a script. Tried where {@link Capability#MEMORY_LIMIT} is a capability.
     *
     * @return nothing, which is the default, if the limit is only said to be kept
     */
    protected Optional<String> memoryBomb() {
        return Optional.empty();
    }

    @Test
    final void aCommandThatHasUsedUpTheMemoryIsToldAsSuch() {
        try (SandboxBackend probe = backend()) {
            if (memoryBomb().isEmpty() || !probe.capabilities().contains(Capability.MEMORY_LIMIT)) {
                return;
            }
        }
        try (Sandbox sandbox = manager.create(
                spec().toBuilder().memory(MemorySize.megabytes(64)).build())) {
            for (int round = 0; round < 2; round++) {
                ExecResult result = sandbox.exec(Command.shell(memoryBomb().get()));
                assertThat(result.exitCode()).as("%s", result).isEqualTo(128 + 9);
                assertThat(result.outOfMemory()).isTrue();
                assertThatThrownBy(result::orThrow).hasMessageContaining("memory");
                assertThat(sandbox.exec(Command.shell("kill -KILL $$; sleep 5")).outOfMemory())
                        .isFalse();
            }
            assertThat(sandbox.usage().peakMemoryBytes())
                    .satisfiesAnyOf(
                            peak -> assertThat(peak).isNull(),
                            peak -> assertThat(peak).isGreaterThan(32L << 20));
        }
    }

    @Test
    final void aListenerIsToldLinesWhileTheCommandRuns() {
        try (Sandbox sandbox = manager.create(spec())) {
            List<String> lines = new CopyOnWriteArrayList<>();
            // the command goes on only once the listener has seen its first line and so has made the file
            OutputListener listener = OutputListener.lines((source, line) -> {
                lines.add(source + " " + line);
                if (line.equals("\u00fcber")) {
                    sandbox.files().write("go", "");
                }
            });
            ExecResult result = sandbox.exec(
                    Command.builder(
                                    "sh",
                                    "-c",
                                    "printf '\u00fcber\\nrest'; while [ ! -e go ]; do sleep 0.05; done; echo bad >&2; sleep 0.3; echo; printf end; exit 4")
                            .deadline(Duration.ofSeconds(30))
                            .build(),
                    listener);
            assertThat(result.timedOut()).isFalse();
            assertThat(result.exitCode()).isEqualTo(4);
            assertThat(lines).containsExactly("STDOUT \u00fcber", "STDERR bad", "STDOUT rest", "STDOUT end");
            assertThat(result.stdout()).isEqualTo("\u00fcber\nrest\nend");
        }
    }

    @Test
    final void aListenerThatThrowsEndsTheCommand() {
        try (Sandbox sandbox = manager.create(spec())) {
            IllegalStateException mine = new IllegalStateException("enough");
            AtomicInteger calls = new AtomicInteger();
            assertThatThrownBy(() -> sandbox.exec(
                            Command.shell("while :; do echo x; echo x >> beat; sleep 0.02; done"), (source, bytes) -> {
                                if (calls.incrementAndGet() == 3) {
                                    throw mine;
                                }
                            }))
                    .isSameAs(mine);
            assertThat(calls).hasValue(3);
            long size = sandbox.files().stat("beat").size();
            sandbox.exec("sleep", "0.5");
            assertThat(sandbox.files().stat("beat").size()).isEqualTo(size);
        }
    }

    @Test
    final void aListenerThatTakesItsTimeHoldsTheCommandBackAndLosesNothing() {
        try (Sandbox sandbox = manager.create(spec())) {
            AtomicLong bytes = new AtomicLong();
            AtomicBoolean early = new AtomicBoolean();
            ExecResult result = sandbox.exec(
                    Command.builder("sh", "-c", "head -c 33554432 /dev/zero; touch done")
                            .captureLimit(0)
                            .build(),
                    (source, chunk) -> {
                        if (bytes.getAndAdd(chunk.remaining()) == 0) {
                            sandbox.exec("sleep", "0.5");
                            early.set(sandbox.files().exists("done"));
                        }
                    });
            assertThat(result.exitCode()).isZero();
            assertThat(early)
                    .as("the command was done before its output was taken")
                    .isFalse();
            assertThat(bytes).hasValue(33_554_432);
        }
    }

    @Test
    final void closingWhileACommandRunsEndsTheCommandAndTheSandbox() {
        Sandbox sandbox = manager.create(spec());
        SandboxProcess process = sandbox.start(Command.of("sleep", "600"));
        sandbox.close();
        await().atMost(PATIENCE).until(() -> !process.isAlive());
        assertThatThrownBy(() -> sandbox.exec("true")).isInstanceOf(HandleClosedException.class);
        assertThatThrownBy(() -> manager.connect(sandbox.id())).isInstanceOf(SandboxGoneException.class);
        process.close();
    }

    @Test
    final void closingTheManagerIsToldToTheCallsUnderWayAndTheSandboxLivesOn() {
        String deployment = store.deployment();
        Sandbox sandbox = manager.create(spec());
        SandboxProcess process = sandbox.start(Command.of("sleep", "50"));
        AtomicBoolean writing = new AtomicBoolean();
        List<Attempt> calls = List.of(
                Attempt.of(() -> sandbox.exec(Command.shell("touch begun; sleep 50; exit 0"))),
                Attempt.of(process::waitFor),
                Attempt.of(() -> sandbox.files().write("target", new Endless(writing))));
        await().atMost(PATIENCE).until(() -> writing.get() && sandbox.files().exists("begun"));
        manager.close();
        calls.forEach(call -> assertClosed("manager_closed", () -> call.join(PATIENCE)));
        assertClosed("manager_closed", () -> sandbox.exec("true"));
        assertClosed("manager_closed", () -> sandbox.files().exists("begun"));
        process.close();
        try (SandboxBackend witness = backend()) {
            List<OwnedResource> alive = witness.listOwned(deployment).resources();
            assertThat(alive).hasSize(1);
            alive.forEach(resource -> witness.attach(resource.providerRef()).close());
            alive.forEach(resource -> witness.destroy(resource.providerRef()));
        }
    }

    @Test
    final void lettingGoOfAHandleIsToldToACommandUnderWay() {
        try (Sandbox owner = manager.create(spec())) {
            Sandbox other = manager.connect(owner.id());
            Attempt call = Attempt.of(() -> other.exec(Command.shell("touch begun; sleep 50; exit 0")));
            await().atMost(PATIENCE).until(() -> owner.files().exists("begun"));
            other.close();
            assertClosed("handle_closed", () -> call.join(PATIENCE));
            assertThat(owner.exec("true").exitCode()).isZero();
        }
    }

    private static void assertClosed(String code, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(HandleClosedException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.retryable()).isFalse();
        });
    }

    @Test
    final void aProcessStreamsBothWaysAndSeesTheEndOfItsInput() throws IOException {
        try (Sandbox sandbox = manager.create(spec());
                SandboxProcess process = sandbox.start(Command.shell("cat; echo end >&2; exit 7"))) {
            OutputStream stdin = process.stdin();
            stdin.write(new byte[] {'a', 0, (byte) 0xff, '\n'});
            stdin.flush();
            assertThat(process.stdout().readNBytes(4)).containsExactly('a', 0, 0xff, '\n');
            stdin.close();
            assertThat(process.waitFor().exitCode()).isEqualTo(7);
            assertThat(process.stdout().readAllBytes()).isEmpty();
            assertThat(process.stderr().readAllBytes()).asString().isEqualTo("end\n");
        }
    }

    /** Keeps what it is told. */
    private static final class Heard implements FileChangeListener {
        private final List<FileChange> changes = new CopyOnWriteArrayList<>();
        private final AtomicReference<SandboxException> end = new AtomicReference<>();

        @Override
        public void changed(FileChange change) {
            changes.add(change);
        }

        @Override
        public void ended(SandboxException reason) {
            end.set(reason);
        }
    }

    private static final WatchOptions OFTEN =
            WatchOptions.builder().interval(Duration.ofMillis(100)).build();

    @Test
    final void aListenerHearsOfFilesThatAreMadeChangedAndRemovedByWhomever() {
        Heard heard = new Heard();
        Sandbox sandbox = manager.create(spec());
        sandbox.files().write("src/old", "x");
        FileWatch watch = sandbox.files().watch("src", OFTEN, heard);
        sandbox.exec("sh", "-c", "mkdir src/d; echo new > 'src/d/two words'");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(heard.changes)
                        .contains(
                                new FileChange(FileChange.Kind.CREATED, "/workspace/src/d"),
                                new FileChange(FileChange.Kind.CREATED, "/workspace/src/d/two words")));
        heard.changes.clear();
        sandbox.files().write("src/old", "longer");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(heard.changes)
                        .containsOnly(new FileChange(FileChange.Kind.MODIFIED, "/workspace/src/old")));
        heard.changes.clear();
        sandbox.files().removeAll("src");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(heard.changes)
                        .contains(
                                new FileChange(FileChange.Kind.REMOVED, "/workspace/src"),
                                new FileChange(FileChange.Kind.REMOVED, "/workspace/src/d/two words"),
                                new FileChange(FileChange.Kind.REMOVED, "/workspace/src/old")));
        assertThat(heard.changes)
                .extracting(FileChange::kind)
                .doesNotContain(FileChange.Kind.MISSED, FileChange.Kind.MODIFIED);
        assertThat(watch.isOpen()).isTrue();
        assertThat(heard.end).hasNullValue();
        sandbox.close();
        await().atMost(PATIENCE).until(() -> heard.end.get() != null);
        assertThat(heard.end.get()).isInstanceOfAny(HandleClosedException.class, SandboxGoneException.class);
        assertThat(watch.isOpen()).isFalse();
    }

    @Test
    final void aWatchDoesNotKeepASandboxFromBeingIdleAndSaysWhyItEnds() {
        Heard heard = new Heard();
        Sandbox sandbox = manager.create(
                spec().toBuilder().idleTimeout(Duration.ofSeconds(5)).build());
        FileWatch watch = sandbox.files().watch(".", OFTEN, heard);
        await().atMost(PATIENCE).until(() -> heard.end.get() != null);
        assertThat(heard.end.get()).isInstanceOf(SandboxGoneException.class);
        assertThat(watch.isOpen()).isFalse();
        sandbox.close();
    }

    /** What is to be interrupted. */
    private interface Interruptible {
        void run() throws Exception;
    }

    private final AtomicReference<Throwable> thrown = new AtomicReference<>();
    private final AtomicBoolean flag = new AtomicBoolean();

    private Thread interruptible(Interruptible task) {
        thrown.set(null);
        flag.set(false);
        Thread caller = new Thread(() -> {
            try {
                task.run();
            } catch (InterruptedException e) {
                flag.set(true);
                thrown.set(
                        new SandboxInterruptedException(dev.sandkeeper.Failure.of("interrupted", "after the create")));
            } catch (SandboxException e) {
                thrown.set(e);
                flag.set(Thread.currentThread().isInterrupted());
            } catch (Exception e) {
                thrown.set(e);
            }
        });
        caller.start();
        return caller;
    }

    private void assertInterrupted(Thread caller) throws InterruptedException {
        caller.interrupt();
        caller.join(PATIENCE.toMillis());
        assertThat(caller.isAlive()).as("the caller returns").isFalse();
        assertThat(thrown.get()).isInstanceOf(SandboxInterruptedException.class);
        assertThat(flag).isTrue();
    }

    /** A slow source that never ends. */
    private static final class Endless extends InputStream {
        private final AtomicBoolean reading;
        private long count;

        Endless(AtomicBoolean reading) {
            this.reading = reading;
        }

        @Override
        public int read() {
            return 'x';
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            count += length;
            if (count > 1 << 20) {
                reading.set(true);
            }
            // The disk of the sandbox is not what is tested here.
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
            return Math.min(length, 1024);
        }
    }
}

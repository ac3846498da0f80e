package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Commands in the background. What a backend without them answers is tested once; the rest needs them. */
abstract class BackgroundContract extends PortsContract {
    private static final String STUBBORN = "trap '' TERM; " + BEATING;

    /** For subclasses. */
    BackgroundContract() {}

    @Test
    void offersCommandsInTheBackgroundOrRefusesThem() {
        if (first().capabilities().contains(Capability.BACKGROUND)) {
            assertThat(sandbox().background().list()).isEmpty();
        } else {
            assertThatThrownBy(() -> sandbox().background())
                    .isInstanceOfSatisfying(
                            CapabilityMissingException.class,
                            e -> assertThat(e.capability()).isEqualTo(Capability.BACKGROUND));
        }
    }

    @Test
    void tellsHowACommandInTheBackgroundEndedAndWhatItPrinted() {
        if (lacksBackground()) {
            return;
        }
        background()
                .start(job(
                        "a.job-1_", "pwd; printf '%s' \"$SAID\"; echo bad >&2; exit 3", Map.of("SAID", "a 'b'\n$c")));
        BackgroundStatus status = awaitExit("a.job-1_");
        assertThat(Objects.requireNonNull(status.exit()).exitCode()).isEqualTo(3);
        assertThat(status.exit().timedOut()).isFalse();
        assertThat(status.endedAt()).isNotNull().isAfterOrEqualTo(status.startedAt());
        BackgroundLog log = background().log("a.job-1_");
        assertThat(log.stdout().text()).isEqualTo("/tmp\na 'b'\n$c");
        assertThat(log.stderr().text()).isEqualTo("bad\n");
        assertThat(log.stdout().truncated()).isFalse();
        assertThat(background().find("a.job-1")).isEmpty();
        assertThatThrownBy(() -> background().log("a.job-1")).isInstanceOf(SandboxNotFoundException.class);
        assertThatThrownBy(() -> background().end("a.job-1", Duration.ZERO))
                .isInstanceOf(SandboxNotFoundException.class);
    }

    @Test
    void leavesACommandInTheBackgroundRunningForOthersToLookAfter() {
        if (lacksBackground()) {
            return;
        }
        background();
        String ref = sandbox().providerRef();
        SandboxBackend starter = another();
        try (BackendSandbox connection = starter.attach(ref)) {
            connection.background().start(job("server", "echo begun; " + BEATING));
        }
        starter.close();
        assertBeats();
        assertThat(background().list()).singleElement().satisfies(status -> {
            assertThat(status.name()).isEqualTo("server");
            assertThat(status.state()).isEqualTo(BackgroundStatus.State.RUNNING);
            assertThat(status.exit()).isNull();
        });
        assertThat(background().log("server").stdout().text()).isEqualTo("begun\n");
        background().end("server", Duration.ofSeconds(2));
        assertSilent();
        assertThat(awaitExit("server").exit()).isNotNull();
    }

    @Test
    void keepsANameForWhatRunsAndReplacesWhatHasEnded() {
        if (lacksBackground()) {
            return;
        }
        background().start(job("job", "echo one; while [ ! -e stop ]; do sleep 0.05; done"));
        assertThatThrownBy(() -> background().start(job("job", "echo two")))
                .isInstanceOfSatisfying(
                        SandboxConflictException.class,
                        e -> assertThat(e.code()).isEqualTo("background_name_in_use"));
        assertThatThrownBy(() -> background().remove("job"))
                .isInstanceOfSatisfying(
                        SandboxConflictException.class,
                        e -> assertThat(e.code()).isEqualTo("background_command_runs"));
        shell("touch /tmp/stop /workspace/stop");
        awaitExit("job");
        assertThat(background().log("job").stdout().text()).isEqualTo("one\n");
        background().start(job("job", "echo two"));
        awaitExit("job");
        assertThat(background().log("job").stdout().text()).isEqualTo("two\n");
        background().remove("job");
        background().remove("job");
        assertThat(background().list()).isEmpty();
    }

    @Test
    void startsOneOfManyOfTheSameName() {
        if (lacksBackground()) {
            return;
        }
        background();
        for (int round = 0; round < 3; round++) {
            String name = "race-" + round % 2;
            AtomicInteger started = new AtomicInteger();
            List<Runnable> tasks = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                tasks.add(() -> {
                    try {
                        background().start(job(name, "while [ ! -e stop ]; do sleep 0.05; done"));
                        started.incrementAndGet();
                    } catch (SandboxConflictException e) {
                        assertThat(e.code()).isEqualTo("background_name_in_use");
                    }
                });
            }
            shell("rm -f /tmp/stop");
            atOnce(tasks);
            assertThat(started).hasValue(1);
            shell("touch /tmp/stop");
            awaitExit(name);
        }
    }

    @Test
    void boundsTheLogOfAFloodAndKeepsHeadAndTail() {
        if (lacksBackground()) {
            return;
        }
        long bytes = 5_000_000;
        background()
                .start(new BackgroundRequest(
                        "flood",
                        in("/tmp", script("echo first; head -c " + bytes + " /dev/zero; echo last")),
                        Duration.ZERO,
                        65_536));
        awaitExit("flood");
        BackgroundLog log = background().log("flood");
        assertThat(log.stdout().totalBytes()).isEqualTo(bytes + 11);
        assertThat(log.stdout().truncated()).isTrue();
        assertThat(log.stdout().bytes().length).isBetween(32_768, 65_536 * 3 / 2 + 16_384);
        String text = new String(log.stdout().bytes(), StandardCharsets.US_ASCII);
        assertThat(text).startsWith("first\n").endsWith("last\n");
        assertThat(log.stderr().totalBytes()).isZero();
    }

    @Test
    void keepsLinesThatComeOneByOne() {
        if (lacksBackground()) {
            return;
        }
        background()
                .start(new BackgroundRequest(
                        "lines",
                        in(
                                "/tmp",
                                script(
                                        "echo a; sleep 0.1; echo b; sleep 0.1; echo c; sleep 0.1; echo d; echo end >&2")),
                        Duration.ZERO,
                        65_536));
        awaitExit("lines");
        assertThat(background().log("lines").stdout().text()).isEqualTo("a\nb\nc\nd\n");
        assertThat(background().log("lines").stderr().text()).isEqualTo("end\n");
    }

    @Test
    void endsACommandInTheBackgroundAtItsDeadline() {
        if (lacksBackground()) {
            return;
        }
        ProcessRequest late = withDeadline(in("/tmp", script(STUBBORN)), Duration.ofSeconds(1));
        long before = beats();
        background().start(new BackgroundRequest("late", late, Duration.ofMillis(300), 65_536));
        // where asking takes long it may be over by now
        assertBeatsBeyond(before);
        BackgroundStatus status = awaitExit("late");
        assertThat(Objects.requireNonNull(status.exit()).timedOut()).isTrue();
        assertThat(status.exit().exitCode()).isEqualTo(128 + 9);
        assertSilent();
    }

    @Test
    void endsACommandInTheBackgroundThatHasTakenAllProcessesAtItsDeadline() {
        if (lacksBackground() || !first().capabilities().contains(Capability.PROCESS_LIMIT)) {
            return;
        }
        BackendSandbox small =
                first().create(request(spec().toBuilder().maxProcesses(60).build(), Map.of()));
        String taking = "trap '' TERM; (sleep 0.2; while :; do sleep 120 & done) 2>/dev/null & exec sleep 120";
        ProcessRequest late = withDeadline(in("/tmp", script(taking)), Duration.ofSeconds(2));
        small.background().start(new BackgroundRequest("taking", late, Duration.ofSeconds(1), 65_536));
        await().atMost(patience()).pollInSameThread().ignoreExceptions().untilAsserted(() -> {
            BackgroundStatus status = small.background().find("taking").orElseThrow();
            assertThat(Objects.requireNonNull(status.exit()).timedOut()).isTrue();
        });
        assertThat(start(small, script("echo alive"), new Output()).awaitEnd().text())
                .isEqualTo("alive\n");
    }

    @Test
    void aProgramInTheBackgroundCanBeInterrupted() {
        if (lacksBackground()) {
            return;
        }
        background().start(job("interrupted", "kill -INT $$; sleep 5"));
        assertThat(Objects.requireNonNull(awaitExit("interrupted").exit()).exitCode())
                .isEqualTo(128 + 2);
    }

    @Test
    void asksACommandInTheBackgroundToEndBeforeItKills() {
        if (lacksBackground()) {
            return;
        }
        background().start(job("polite", "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done"));
        awaitOutput("polite", "ready\n");
        background().end("polite", Duration.ofSeconds(10));
        assertThat(Objects.requireNonNull(awaitExit("polite").exit()).exitCode())
                .isEqualTo(7);
        assertThat(background().log("polite").stdout().text()).isEqualTo("ready\nbye\n");
        background().end("polite", Duration.ZERO);
        assertThat(Objects.requireNonNull(awaitExit("polite").exit()).exitCode())
                .isEqualTo(7);
    }

    @Test
    void killsWhatHasLeftTheSessionOfACommandInTheBackground() {
        if (lacksBackground()) {
            return;
        }
        background()
                .start(job(
                        "escaped",
                        "trap '' TERM; setsid sh -c '" + BEATING + "' & echo ready; while :; do sleep 0.1; done"));
        awaitOutput("escaped", "ready\n");
        assertBeats();
        background().end("escaped", Duration.ofMillis(300));
        assertSilent();
        assertThat(Objects.requireNonNull(awaitExit("escaped").exit()).exitCode())
                .isEqualTo(128 + 9);
        assertThat(shell("echo alive").text()).isEqualTo("alive\n");
    }

    @Test
    void refusesAProgramThatCannotStartInTheBackground() {
        if (lacksBackground()) {
            return;
        }
        background();
        assertThatThrownBy(() -> background()
                        .start(new BackgroundRequest(
                                "none", in("/tmp", command("sandkeeper-no-such-program")), Duration.ZERO, 65_536)))
                .isInstanceOfSatisfying(
                        CommandNotStartableException.class,
                        e -> assertThat(e.code()).isEqualTo("command_not_found"));
        assertThatThrownBy(() -> background()
                        .start(new BackgroundRequest("none", in("/tmp", command("/workspace")), Duration.ZERO, 65_536)))
                .isInstanceOfSatisfying(
                        CommandNotStartableException.class,
                        e -> assertThat(e.code()).isEqualTo("command_not_executable"));
        assertThat(background().list()).isEmpty();
    }

    /** What it answers instead is tested above. */
    private boolean lacksBackground() {
        return !first().capabilities().contains(Capability.BACKGROUND);
    }

    private BackendBackground background() {
        return sandbox().background();
    }

    private static BackgroundRequest job(String name, String script) {
        return job(name, script, Map.of());
    }

    private static BackgroundRequest job(String name, String script, Map<String, String> environment) {
        ProcessRequest plain = withEnvironment(script(script), environment);
        return new BackgroundRequest(name, in("/tmp", plain), Duration.ofSeconds(1), 65_536);
    }

    private void awaitOutput(String name, String text) {
        await().atMost(patience())
                .pollInSameThread()
                .until(() -> background().log(name).stdout().text().equals(text));
    }

    private BackgroundStatus awaitExit(String name) {
        await().atMost(patience())
                .pollInterval(Duration.ofMillis(50))
                .pollInSameThread()
                .until(() -> background().find(name).orElseThrow().state() == BackgroundStatus.State.EXITED);
        return background().find(name).orElseThrow();
    }
}

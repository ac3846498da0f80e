package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What runs in a sandbox may end by itself before the sandbox goes. */
abstract class TerminationContract extends TerminalContract {
    private static final Duration LONG = Duration.ofSeconds(25);
    private static final Duration SHORT = Duration.ofMillis(700);
    private static final String SAVING =
            "trap 'echo saved > /workspace/%s; exit 5' TERM; echo ready > /workspace/%s; while :; do sleep 0.1; done";

    /** For subclasses. */
    TerminationContract() {}

    /**
     * Whether the backend asks what runs to end, which it may leave to the default of the SPI.
     *
     * @return default true
     */
    protected boolean terminates() {
        return true;
    }

    private static String saving(String file) {
        return SAVING.formatted(file, file);
    }

    private static ProcessRequest asAnother(String script) {
        return new ProcessRequest(script(script).arguments(), Map.of(), "/tmp", "12345", false, null);
    }

    private boolean has(String file, String text) {
        return shell("cat " + file + " 2>/dev/null || :").text().equals(text + "\n");
    }

    private void awaitFile(String file, String text) {
        await().atMost(patience()).pollInSameThread().until(() -> has(file, text));
    }

    @Test
    void letsEveryCommandEndByItselfAndKeepsTheSandbox() {
        String ref = sandbox().providerRef();
        if (!terminates()) {
            assertThat(first().terminate(ref, SHORT)).isFalse();
            return;
        }
        Running running = start(script(saving("one")));
        shell("(" + saving("left") + ") >/dev/null 2>&1 & :");
        boolean background = first().capabilities().contains(Capability.BACKGROUND);
        if (background) {
            sandbox()
                    .background()
                    .start(new BackgroundRequest("b", script(saving("two")), Duration.ofSeconds(1), 1000));
            awaitFile("two", "ready");
        }
        awaitFile("one", "ready");
        awaitFile("left", "ready");
        assertThat(another().terminate(ref, LONG)).as("nothing runs any more").isTrue();
        assertThat(running.awaitEnd().exitCode()).isEqualTo(5);
        assertThat(has("one", "saved")).isTrue();
        assertThat(has("left", "saved")).isTrue();
        assertThat(has("two", "saved")).isEqualTo(background);
        assertThat(first().state(ref)).isEqualTo(ProviderState.PRESENT);
        assertThat(first().terminate(ref, SHORT)).as("a second time").isTrue();
    }

    @Test
    void waitsForTheGraceAndLeavesWhatDoesNotEndToTheDestruction() {
        if (!terminates()) {
            return;
        }
        String ref = sandbox().providerRef();
        start(script("trap '' TERM; " + BEATING));
        assertBeats();
        long begun = System.nanoTime();
        assertThat(first().terminate(ref, SHORT)).isFalse();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(SHORT);
        assertBeats();
        first().destroy(ref);
        assertThat(first().state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(first().terminate(ref, LONG)).as("of what is gone").isTrue();
    }

    @Test
    void commandsWithADeadlineAndHaltedOnesEndToo() {
        if (!terminates()) {
            return;
        }
        Running timed = start(withDeadline(script("echo ready; while :; do sleep 0.1; done"), Duration.ofMinutes(2)));
        timed.awaitText("ready");
        Running halted = start(script("echo ready; kill -STOP $$; while :; do sleep 0.1; done"));
        halted.awaitText("ready");
        assertThat(first().terminate(sandbox().providerRef(), LONG)).isTrue();
        assertThat(timed.awaitEnd().exitCode()).isEqualTo(128 + 15);
        assertThat(halted.awaitEnd().exitCode()).isEqualTo(128 + 15);
    }

    @Test
    void commandsOfOtherUsersAndOfPausedSandboxesEndToo() {
        SandboxSpec spec = spec().toBuilder().lifetime(Lifetime.STORE).build();
        if (!terminates()) {
            return;
        }
        try (BackendSandbox made = first().create(request(spec, Map.of()))) {
            boolean others = first().capabilities().contains(Capability.COMMAND_USER);
            String script = "echo ready; while :; do sleep 0.1; done";
            Running running = start(made, others ? asAnother(script) : script(script), new Output());
            running.awaitText("ready");
            if (first().capabilities().contains(Capability.PAUSE)) {
                first().pause(made.providerRef());
            }
            assertThat(another().terminate(made.providerRef(), LONG)).isTrue();
            assertThat(running.awaitEnd().exitCode()).isEqualTo(128 + 15);
        }
    }
}

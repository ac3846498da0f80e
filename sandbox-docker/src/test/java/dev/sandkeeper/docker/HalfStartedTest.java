package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.command;
import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import java.time.Duration;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A command in the background whose start nobody lived to finish does not keep its name for ever. */
@Timeout(120)
class HalfStartedTest {
    private static final String TOKEN = "00112233445566778899aabbccddeeff";
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    /** As a start leaves it before it has noted the supervisor; {@code $starter} is its pid and when that was started. */
    private static String halfMade(String starter) {
        return "d=/tmp/.sandkeeper/background/c-job; mkdir -p $d; echo " + TOKEN + " >$d/token; " + starter
                + "; echo \"$starter\" >$d/starter";
    }

    private static BackgroundRequest job() {
        return new BackgroundRequest("job", command("sh", "-c", "echo done"), Duration.ofSeconds(1), 65_536);
    }

    @ParameterizedTest
    @ValueSource(strings = {TestEngine.IMAGE, "sandkeeper-test/debian-python"})
    void aNameWhoseStarterIsDeadIsFreeAndWhatItLeftIsEnded(String image) {
        BackendSandbox sandbox =
                sandboxes.create(SandboxSpec.builder().image(image).build());
        sh(
                sandbox,
                halfMade("starter='999999 1'") + "; SANDKEEPER_BACKGROUND=" + TOKEN
                        + " setsid sh -c 'trap \"\" TERM; while :; do echo x >>/workspace/beat; sleep 0.1; done'"
                        + " </dev/null >/dev/null 2>&1 &");
        await().atMost(PATIENCE)
                .until(() -> !sandbox.files().list("/workspace", 1).isEmpty());
        sandbox.background().start(job());
        await().atMost(PATIENCE)
                .until(() -> sandbox.background().find("job").orElseThrow().state() == BackgroundStatus.State.EXITED);
        assertThat(sandbox.background().log("job").stdout().text()).isEqualTo("done\n");
        long before = sandbox.files().stat("/workspace/beat").size();
        sh(sandbox, "sleep 0.5");
        assertThat(sandbox.files().stat("/workspace/beat").size()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {TestEngine.IMAGE, "sandkeeper-test/debian-python"})
    void aNameWhoseStarterLivesIsTaken(String image) {
        BackendSandbox sandbox =
                sandboxes.create(SandboxSpec.builder().image(image).build());
        sh(
                sandbox,
                "sleep 600 </dev/null >/dev/null 2>&1 & "
                        + halfMade("starter=\"$! $(cut -d ' ' -f 22 /proc/$!/stat)\""));
        assertThatThrownBy(() -> sandbox.background().start(job())).isInstanceOf(SandboxConflictException.class);
    }
}

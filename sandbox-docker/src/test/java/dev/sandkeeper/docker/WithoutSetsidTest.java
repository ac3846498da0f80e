package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.command;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * On an image that lacks what the shells that stay need: every command takes an exec, and all else holds. The shell is
 * dash: that of busybox may have setsid in itself.
 */
@Tag("long")
@Timeout(120)
class WithoutSetsidTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final String DEBIAN = "sandkeeper-test/debian-python";

    private final String image =
            "sandkeeper-test/no-setsid-" + UUID.randomUUID().toString().substring(0, 8) + ":latest";

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    private BackendSandbox sandbox;

    @BeforeEach
    void create() {
        sandboxes.engine().importImageWithout(image, DEBIAN, "/usr/bin/setsid");
        sandbox = sandboxes.create(SandboxSpec.builder().image(image).build());
    }

    @AfterEach
    void removeTheImage() {
        if (sandbox != null) {
            sandboxes.backend().destroy(sandbox.providerRef());
        }
        sandboxes.engine().removeImage(image);
    }

    private Sandboxes.Ran run(ProcessRequest request) {
        try (BackendProcess process = sandbox.start(request)) {
            Sandboxes.Ran ran = Sandboxes.pump(process);
            assertThat(process.channel()).isEqualTo("exec");
            return ran;
        }
    }

    private Sandboxes.Ran sh(String script) {
        return run(command("sh", "-c", script));
    }

    private long beats() {
        return sandbox.files().stat("/workspace/beat").size();
    }

    @Test
    void runsEachCommandByAnExecAndSaysSo() {
        for (int i = 0; i < 3; i++) {
            Sandboxes.Ran ran = sh("echo out; echo err >&2; exit 3");
            assertThat(ran.out()).isEqualTo("out\n");
            assertThat(ran.err()).isEqualTo("err\n");
            assertThat(ran.code()).isEqualTo(3);
        }
        assertThatThrownBy(() -> run(command("setsid", "true"))).isInstanceOf(CommandNotStartableException.class);
    }

    @Test
    void worksOnFiles() throws IOException {
        byte[] content = "content".getBytes(StandardCharsets.UTF_8);
        sandbox.files().write("/workspace/d/file", new ByteArrayInputStream(content), -1);
        try (InputStream in = sandbox.files().read("/workspace/d/file")) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(sandbox.files().list("/workspace", 10)).hasSize(1);
        assertThat(sandbox.files().scan("/workspace", true, 10)).hasSize(3);
    }

    @Test
    void endsTheWholeTreeAtTheDeadline() {
        Sandboxes.Ran ran = run(command(
                Duration.ofSeconds(1),
                "sh",
                "-c",
                "echo begun; (trap '' TERM; while :; do echo x >> beat; sleep 0.1; done) & sleep 600"));
        assertThat(ran.status().timedOut()).isTrue();
        assertThat(ran.out()).isEqualTo("begun\n");
        long before = beats();
        sh("sleep 0.5");
        assertThat(beats()).isEqualTo(before).isPositive();
    }

    @Test
    void endsACommandWithWhatItHasLeftBehind() {
        try (BackendProcess process = sandbox.start(
                command("sh", "-c", "(trap '' TERM; while :; do echo x >> beat; sleep 0.1; done) & sleep 600"))) {
            await().atMost(PATIENCE)
                    .until(() -> !sandbox.files().list("/workspace", 1).isEmpty());
            process.end(Duration.ofMillis(100));
        }
        long before = beats();
        sh("sleep 0.5");
        assertThat(beats()).isEqualTo(before);
    }

    @Test
    void refusesCommandsInTheBackgroundWhichNeedIt() {
        ProcessRequest request = command("sleep", "600");
        assertThatThrownBy(
                        () -> sandbox.background().start(new BackgroundRequest("job", request, Duration.ZERO, 65_536)))
                .isInstanceOfSatisfying(
                        CommandNotStartableException.class,
                        e -> assertThat(e.code()).isEqualTo("background_tools_missing"))
                .hasMessageContaining("setsid");
        assertThat(sandbox.background().list()).isEmpty();
    }
}

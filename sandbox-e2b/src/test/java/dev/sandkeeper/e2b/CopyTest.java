package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A copy of a sandbox with its memory, which the simulator does not make: one that takes itself for another one is prepared. */
@Tag("long")
@Needs(Component.DOCKER)
@Timeout(120)
class CopyTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final String ENDLESS = "while :; do sleep 0.1; done";

    @Test
    void startsWithoutTheCommandsOfTheFirstOneAndKeepsItsOwn() throws Exception {
        try (Simulated e2b = Simulated.byDocker();
                E2bBackend backend = e2b.backend();
                E2bSandbox sandbox = (E2bSandbox) backend.create(request())) {
            sandbox.background()
                    .start(new BackgroundRequest("server", script(ENDLESS, null), Duration.ofSeconds(1), 65_536));
            try (BackendProcess leased = sandbox.start(script(ENDLESS, null));
                    BackendProcess timed = sandbox.start(script("setsid sh -c '" + ENDLESS + "' & wait", MINUTE))) {
                assertThat(said(sandbox, "echo another > /tmp/.sandkeeper/sandbox; ls -A /tmp"))
                        .contains(".sandkeeper");
                sandbox.prepare();
                assertThat(end(leased)).isEqualTo(128 + 9);
                assertThat(end(timed)).isEqualTo(128 + 9);
            }
            assertThat(sandbox.background().list()).isEmpty();
            assertThat(said(sandbox, "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'whil[e] :'"))
                    .isEqualTo("0\n");
            assertThat(said(sandbox, "cat /tmp/.sandkeeper/sandbox")).isEqualTo(sandbox.providerRef() + "\n");

            try (BackendProcess own = sandbox.start(script("sleep 1; exit 7", null))) {
                sandbox.prepare();
                assertThat(end(own)).isEqualTo(7);
            }
            backend.destroy(sandbox.providerRef());
        }
    }

    private static ProvisionRequest request() {
        Instant now = Instant.ofEpochMilli(1);
        return new ProvisionRequest(
                "copy", SandboxId.generate(1), now, null, SandboxSpec.builder().build(), Map.of(), text -> {});
    }

    private static ProcessRequest script(String text, @Nullable Duration deadline) {
        return new ProcessRequest(List.of("sh", "-c", text), Map.of(), "/workspace", null, false, deadline);
    }

    private static int end(BackendProcess process) throws InterruptedException {
        return pump(process, new ByteArrayOutputStream()).exitCode();
    }

    private static String said(E2bSandbox sandbox, String text) throws InterruptedException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (BackendProcess process = sandbox.start(script(text, MINUTE))) {
            pump(process, said);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    private static ExitStatus pump(BackendProcess process, ByteArrayOutputStream said) throws InterruptedException {
        return process.pump(new OutputSink() {
            @Override
            public void stdout(byte[] buffer, int offset, int length) {
                said.write(buffer, offset, length);
            }

            @Override
            public void stderr(byte[] buffer, int offset, int length) {}
        });
    }
}

package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names of environment variables that the shell which starts a command has a use for. */
@Timeout(60)
@Needs(Component.BUBBLEWRAP)
class VariablesTest {
    @TempDir
    Path directory;

    private static ProcessRequest named(String variable) {
        return new ProcessRequest(
                List.of("sh", "-c", "exit 3"),
                Map.of(variable, "x"),
                "/workspace",
                null,
                false,
                Duration.ofSeconds(30));
    }

    private static final class Nowhere implements OutputSink {
        @Override
        public void stdout(byte[] buffer, int offset, int length) {}

        @Override
        public void stderr(byte[] buffer, int offset, int length) {}
    }

    @Test
    void oneThatAShellWouldFailAtIsRefusedByName() throws InterruptedException {
        try (Simulated e2b = Simulated.byLocal(directory.resolve("state"));
                E2bBackend backend = e2b.backend();
                BackendSandbox sandbox = backend.create(new ProvisionRequest(
                        "variables",
                        SandboxId.generate(1),
                        Instant.ofEpochMilli(5),
                        null,
                        SandboxSpec.builder().build(),
                        Map.of(),
                        text -> {}))) {
            for (String name : List.of("OPTIND", "IFS", "PPID", "__sk_in", "a b", "x;exit 0;y")) {
                assertThatThrownBy(() -> sandbox.start(named(name)))
                        .isInstanceOfSatisfying(
                                CommandNotStartableException.class,
                                e -> assertThat(e.code()).isEqualTo("environment_name_refused"))
                        .hasMessageContaining(name);
                SandboxSpec spec = SandboxSpec.builder().environment(name, "x").build();
                assertThatThrownBy(() -> backend.validate(spec))
                        .isInstanceOf(SpecInvalidException.class)
                        .hasMessageContaining(name);
            }
            for (String name : List.of("PWD", "OLDPWD", "SHLVL", "_", "UID", "RANDOM", "PS4", "ENV")) {
                try (BackendProcess process = sandbox.start(named(name))) {
                    assertThat(process.pump(new Nowhere()).exitCode()).as(name).isEqualTo(3);
                }
            }
        }
    }
}

package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Input travels with its command as long as one variable holds it, and by itself beyond that. */
@Needs(Component.BUBBLEWRAP)
@Timeout(120)
class InputTest {
    private static final String SEND = "POST /process.Process/SendInput";

    @TempDir
    Path directory;

    @Test
    void isReadAsItIsWhicheverWayItTakes() {
        try (Simulated e2b = Simulated.byLocal(directory.resolve("state"));
                SandboxManager manager = SandboxManager.builder()
                        .backend(e2b.backend())
                        .store(SandboxStore.inMemory())
                        .build()) {
            Sandbox sandbox = manager.create(SandboxSpec.builder().build());
            for (String text : new String[] {"-n", "-%\\'\0\n\u00e9" + "7", "x".repeat(BackendSandbox.SMALL_INPUT)}) {
                assertRead(sandbox, text);
            }
            assertThat(e2b.simulator().faults().calls(SEND)).isZero();
            // four characters for each
            assertRead(sandbox, "\0".repeat(BackendSandbox.SMALL_INPUT));
            assertThat(e2b.simulator().faults().calls(SEND)).isPositive();
            sandbox.destroy();
        }
    }

    private static void assertRead(Sandbox sandbox, String text) {
        byte[] input = text.getBytes(StandardCharsets.UTF_8);
        ExecResult read = sandbox.exec(Command.builder("cat").stdin(input).build());
        assertThat(read.stdoutCapture().bytes()).isEqualTo(input);
    }
}

package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that a shell in the sandbox prints itself, where larger ones come as a stream. */
@Timeout(120)
class SmallFileTest {
    private static final String BUSYBOX = "sandkeeper-test/busybox";
    private static final String DEBIAN = "sandkeeper-test/debian-python";

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    private static ByteArrayInputStream random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return new ByteArrayInputStream(bytes);
    }

    private static byte[] read(BackendSandbox sandbox, String path) throws IOException {
        try (InputStream in = sandbox.files().read(path)) {
            return in.readAllBytes();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BUSYBOX, DEBIAN})
    void arriveByteForByteAndKeepTheirMode(String image) throws IOException {
        BackendSandbox sandbox =
                sandboxes.create(SandboxSpec.builder().image(image).build());
        for (int length : new int[] {0, 1, 255, 1024, 32_767, 32_768}) {
            sandbox.files().write("/workspace/f", random(length), -1);
            assertThat(read(sandbox, "/workspace/f")).isEqualTo(random(length).readAllBytes());
            sandbox.files().append("/workspace/f", random(length));
            assertThat(read(sandbox, "/workspace/f")).hasSize(2 * length);
        }
        assertThat(sandbox.files().stat("/workspace/f").mode()).isEqualTo(0644);
        sandbox.files().setMode("/workspace/f", 0750);
        sandbox.files().write("/workspace/f", random(10), -1);
        assertThat(sandbox.files().stat("/workspace/f").mode()).isEqualTo(0750);
    }

    @ParameterizedTest
    @ValueSource(strings = {BUSYBOX, DEBIAN})
    void tellOfAFullDiskAndLeaveTheOldContent(String image) throws IOException {
        BackendSandbox sandbox = sandboxes.create(
                SandboxSpec.builder().image(image).disk(MemorySize.megabytes(8)).build());
        sandbox.files().write("/workspace/f", random(10_000), -1);
        sh(sandbox, "head -c 20000000 /dev/zero >/workspace/rest");
        assertThatThrownBy(() -> sandbox.files().write("/workspace/f", random(20_000), -1))
                .isInstanceOfSatisfying(
                        FileAccessException.class, e -> assertThat(e.code()).isEqualTo("disk_full"));
        assertThatThrownBy(() -> sandbox.files().append("/workspace/f", random(20_000)))
                .isInstanceOfSatisfying(
                        FileAccessException.class, e -> assertThat(e.code()).isEqualTo("disk_full"));
        assertThat(read(sandbox, "/workspace/f")).startsWith(random(10_000).readAllBytes());
        assertThat(sh(sandbox, "ls -A /workspace").out()).isEqualTo("f\nrest\n");
    }
}

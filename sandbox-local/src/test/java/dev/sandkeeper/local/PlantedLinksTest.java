package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program in the sandbox that would lead the host out of it. The host's files could be read and written by everybody. */
class PlantedLinksTest {
    private static final int ROUNDS = 40;

    @TempDir
    Path directory;

    @Test
    void leadNeitherReadingNorWritingNorRemovingToTheHost() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Path secret = Files.writeString(outside.resolve("f"), "secret of the host");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-rw-rw-"));
        try (Rig rig = new Rig(directory.resolve("state"))) {
            BackendSandbox sandbox = rig.create();
            Rig.shell(sandbox, "ln -s " + outside + " always; ln -s " + secret + " file; ln -s /etc/passwd own");
            assertThat(read(sandbox, "/workspace/always/f")).isEqualTo("refused");
            assertThat(read(sandbox, "/workspace/file")).isEqualTo("refused");
            assertThat(read(sandbox, "/workspace/own")).startsWith("root:x:0").hasLineCount(2);
            BackendProcess swapping =
                    sandbox.start(Rig.script("mkdir real; echo inside > real/f; while :; do ln -sfn real d;"
                            + " ln -sfn " + outside + " d; done"));
            int inside = 0;
            for (int round = 0; round < ROUNDS; round++) {
                String found = read(sandbox, "/workspace/d/f");
                assertThat(found).isNotEqualTo("secret of the host");
                inside += found.equals("refused") ? 0 : 1;
                write(sandbox, "/workspace/d/f");
                remove(sandbox, "/workspace/d/g");
            }
            assertThat(inside).as("times that the link led inside").isPositive();
            assertThat(secret).hasContent("secret of the host");
            rig.backend().destroy(sandbox.providerRef());
            swapping.close();
        }
        assertThat(secret).hasContent("secret of the host");
        assertThat(Rig.entries(outside)).containsExactly(secret);
    }

    private static String read(BackendSandbox sandbox, String path) throws IOException {
        try (InputStream in = sandbox.files().read(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (FileAccessException e) {
            return "refused";
        }
    }

    private static void write(BackendSandbox sandbox, String path) {
        try {
            sandbox.files().write(path, new ByteArrayInputStream("of the caller".getBytes(StandardCharsets.UTF_8)), -1);
        } catch (FileAccessException e) {
            assertThat(e.code()).isNotEmpty();
        }
    }

    private static void remove(BackendSandbox sandbox, String path) {
        try {
            sandbox.files().remove(path, true);
        } catch (FileAccessException e) {
            assertThat(e.code()).isNotEmpty();
        }
    }
}

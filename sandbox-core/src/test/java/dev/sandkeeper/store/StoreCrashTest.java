package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StoreCrashTest {
    @TempDir
    Path directory;

    @Test
    void keepsWhatItHasAcknowledgedWhenItsJvmIsKilled() throws Exception {
        Set<String> acknowledged = new HashSet<>();
        for (int round = 0; round < 3; round++) {
            Process child = new ProcessBuilder(StoreChild.command("insert", directory))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
                int before = acknowledged.size();
                String line = "";
                while (line != null) {
                    line = out.readLine();
                    // the last line may be cut; ids have 36 characters
                    if (line != null && line.length() == 36) {
                        acknowledged.add(line);
                    }
                    if (acknowledged.size() - before == 40 + 60 * round) {
                        // not the process's own method, which also closes the stream
                        child.toHandle().destroyForcibly();
                    }
                }
                assertThat(child.waitFor()).as("killed").isEqualTo(128 + 9);
            } finally {
                child.destroyForcibly();
            }
            try (SandboxStore store = SandboxStore.embedded(directory)) {
                assertThat(store.rows().list(RowFilter.ALL, null, 100_000).stream()
                                .map(SandboxRow::id)
                                .map(SandboxId::toString))
                        .containsAll(acknowledged);
            }
        }
        assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(40 + 100 + 160);
    }

    @Test
    void isForOneJvmAtATime() throws Exception {
        Process child = new ProcessBuilder(StoreChild.command("hold", directory))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
            SandboxId first = SandboxId.of(out.readLine());
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> SandboxStore.embedded(directory))
                        .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                            assertThat(e.code()).isEqualTo("store_locked");
                            assertThat(e).hasMessageContainingAll(directory.toString(), "another process", "one JVM");
                        });
            }
            child.getOutputStream().close();
            assertThat(child.waitFor()).isZero();
            try (SandboxStore store = SandboxStore.embedded(directory)) {
                assertThat(store.rows().find(first)).isPresent();
            }
        } finally {
            child.destroyForcibly();
        }
    }
}

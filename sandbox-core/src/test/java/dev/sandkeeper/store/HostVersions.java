package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.h2.engine.Constants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs where the build has put the H2 and Flyway of a host on the class path, which system properties describe; else it is not run. */
class HostVersions {
    @TempDir
    Path directory;

    @Test
    void areWhatTheBuildSays() {
        assertThat(Constants.FULL_VERSION).startsWith(System.getProperty("h2.expected"));
    }

    @Test
    void readWhatANewerOneWroteAndTheOtherWayRound() throws Exception {
        String ours = System.getProperty("java.class.path");
        String newer = System.getProperty("h2.newest")
                + java.io.File.pathSeparator
                + ours.replaceAll("[^:;]*h2-\\d[\\d.]*\\.jar", "");
        List<SandboxId> ids = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            String id = StoreChild.output(StoreChild.command(newer, "hold", directory))
                    .strip();
            assertThat(id).hasSize(36);
            ids.add(SandboxId.of(id));
            try (SandboxStore store = SandboxStore.embedded(directory)) {
                assertThat(store.rows().list(RowFilter.ALL, null, 10))
                        .extracting(row -> row.id())
                        .containsExactlyInAnyOrderElementsOf(ids);
                ids.add(store.rows().insert(Rows.row()).id());
            }
        }
    }
}

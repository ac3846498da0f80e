package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A copy of the file is what a JVM would leave that is killed at this moment. */
@Timeout(120)
class StoreKillTest {
    @TempDir
    Path directory;

    @Test
    void eachCommitIsFoundAgainWhereverInTheFileItWasWritten() throws Exception {
        Path live = directory.resolve("live");
        try (SandboxStore store = SandboxStore.embedded(live)) {
            SandboxRows rows = store.rows();
            // lets commits go into the gaps that older ones have left, as otherwise after 45 seconds
            try (Connection connection = connect("retry:" + live.resolve("sandkeeper"));
                    Statement statement = connection.createStatement()) {
                statement.execute("SET RETENTION_TIME 0");
            }
            for (int i = 1; i <= 150; i++) {
                String text = "x".repeat(i % 7 == 0 ? 255 : 1);
                rows.insert(Rows.row(SandboxId.generate(i), "ann", Map.of("a", text, "b", text, "c", text, "d", text)));
                assertThat(found(live)).as("rows after a kill").isEqualTo(i);
            }
        }
    }

    private long found(Path live) throws Exception {
        Path copy = directory.resolve("copy");
        Files.copy(
                live.resolve("sandkeeper.mv.db"), directory.resolve("copy.mv.db"), StandardCopyOption.REPLACE_EXISTING);
        try (Connection connection = connect(copy.toString());
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM sandkeeper_sandbox")) {
            count.next();
            return count.getLong(1);
        }
    }

    private static Connection connect(String file) throws Exception {
        return DriverManager.getConnection(
                "jdbc:h2:file:" + file + ";WRITE_DELAY=0;MAX_COMPACT_TIME=0", "sandkeeper", "");
    }
}

package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchemaTest {
    private final JdbcConnectionPool pool = JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID(), "sa", "");

    private Connection keeper;
    private SandboxStore store;

    @TempDir
    Path directory;

    @BeforeEach
    void open() throws SQLException {
        keeper = pool.getConnection();
        store = SandboxStore.on(pool);
    }

    @AfterEach
    void close() throws SQLException {
        store.close();
        keeper.close();
        pool.dispose();
    }

    @Test
    void leavesAHistoryThatFlywayGoesOnWithAndTheOtherWayRound() throws SQLException {
        assertThat(flyway(pool).migrate().migrationsExecuted).isZero();

        JdbcConnectionPool other = JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID(), "sa", "");
        try (Connection open = other.getConnection()) {
            assertThat(open.isReadOnly()).isFalse();
            assertThat(flyway(other).migrate().migrationsExecuted).isEqualTo(1);
            SandboxStore.on(other).close();
        } finally {
            other.dispose();
        }
    }

    private static Flyway flyway(DataSource source) {
        return Flyway.configure()
                .dataSource(source)
                .table(Schema.HISTORY)
                .locations("classpath:dev/sandkeeper/store/h2")
                .load();
    }

    @Test
    void needsNoFlywayWhichSpringBootWouldRunOnTheHostsTables() throws Exception {
        Path data = directory.resolve("data");
        String without = System.getProperty("java.class.path").replaceAll("[^:;]*flyway[^:;]*\\.jar", "");
        assertThat(StoreChild.output(StoreChild.command(without, "look", data)).lines())
                .contains("ids []");
    }

    @Test
    void saysNothingWhenAllIsWell() throws Exception {
        Path classes = directory.resolve("classes");
        Path data = directory.resolve("data");
        // logback prints everything from DEBUG on where nobody configures it
        assertThat(StoreChild.output(StoreChild.command("look", data)).lines())
                .noneMatch(line -> line.contains(" INFO ") || line.contains(" WARN ") || line.contains("flyway"))
                .contains("ids []");
        String again = StoreChild.output(StoreChild.command("look", data, "-Xlog:class+load:file=" + classes));
        assertThat(again.lines()).contains("ids []");
        assertThat(Files.readString(classes))
                .contains("org.jdbi.v3.core.Jdbi ")
                .doesNotContain("org.flywaydb.", "com.zaxxer.");
        try (var files = Files.list(data)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("sandkeeper.mv.db", "sandkeeper.deployment");
        }
    }

    @Test
    void findsWhatIsDueByARangeScan() {
        fill();
        assertThat(explain(RowQueries.DUE, Map.of("now", 5L, "limit", 10)))
                .contains("SANDKEEPER_SANDBOX_DUE: DUE_AT <= ", "index sorted");
        assertThat(explain(RowQueries.NEXT_DUE, Map.of())).contains("SANDKEEPER_SANDBOX_DUE", "direct lookup");
    }

    @Test
    void listsByIndex() {
        fill();
        SandboxId after = SandboxId.generate(500);
        assertThat(explain(new RowFilter(null, null, Set.of(), Map.of("n", "7"), null), after))
                .contains("SANDKEEPER_LABEL_VALUE: ", "LABEL_NAME = ", "LABEL_VALUE = ", "index sorted");
        assertThat(explain(new RowFilter(null, "owner-1", Set.of(), Map.of(), null), after))
                .contains("SANDKEEPER_SANDBOX_OWNER: ", "OWNER = ", "ID > ", "index sorted");
        assertThat(explain(RowFilter.ALL, after))
                .containsPattern("PRIMARY_KEY_\\w+: ID > ")
                .contains("index sorted");
    }

    private void fill() {
        for (int i = 0; i < 1000; i++) {
            store.rows()
                    .insert(Rows.row(SandboxId.generate(i), "owner-" + i % 50, Map.of("n", "" + i % 50))
                            .change()
                            .dueAt(Rows.START.plusMillis(i))
                            .build());
        }
        Jdbi.create(pool).useHandle(handle -> handle.execute("ANALYZE"));
    }

    private String explain(RowFilter filter, SandboxId after) {
        Map<String, Object> parameters = new HashMap<>();
        return explain(RowQueries.list(filter, after, 10, parameters), parameters);
    }

    private String explain(String sql, Map<String, Object> parameters) {
        return Jdbi.create(pool).withHandle(handle -> {
            Query query = handle.createQuery("EXPLAIN " + sql);
            parameters.forEach(query::bind);
            return query.mapTo(String.class).one();
        });
    }
}

package dev.sandkeeper.store;

import dev.sandkeeper.Failure;
import dev.sandkeeper.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings our tables up to date. The scripts are named and recorded as Flyway does it, so that a host may run them with Flyway
 * instead, before or after; but no Flyway is needed: Spring Boot would run it on the host's own tables wherever it finds it.
 */
final class Schema {
    /** What the names of our tables begin with, unless the host says otherwise. */
    static final String PREFIX = "sandkeeper_";

    static final String HISTORY = "sandkeeper_schema_history";

    private static final String HISTORY_TABLE = """
            CREATE TABLE IF NOT EXISTS "sandkeeper_schema_history" (
                "installed_rank" INT NOT NULL PRIMARY KEY,
                "version" VARCHAR(50),
                "description" VARCHAR(200) NOT NULL,
                "type" VARCHAR(20) NOT NULL,
                "script" VARCHAR(1000) NOT NULL,
                "checksum" INT,
                "installed_by" VARCHAR(100) NOT NULL,
                "installed_on" TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
                "execution_time" INT NOT NULL,
                "success" BOOLEAN NOT NULL
            )""";

    private static final String APPLIED = """
            SELECT "version", "checksum", "success" FROM "sandkeeper_schema_history"
            WHERE "type" = 'SQL' ORDER BY "installed_rank"
            """;

    private static final String NEXT_RANK =
            "SELECT COALESCE(MAX(\"installed_rank\"), 0) + 1 FROM \"sandkeeper_schema_history\"";

    private static final String RECORD = """
            INSERT INTO "sandkeeper_schema_history" ("installed_rank", "version", "description", "type", "script",
                "checksum", "installed_by", "execution_time", "success")
            VALUES (:rank, :version, :description, 'SQL', :script, :checksum, 'sandkeeper', 0, TRUE)""";

    /** How often somebody else may be in the way of one script. */
    private static final int ATTEMPTS = 20;

    /** No rows of each table: what fails if a table or a column is missing. */
    private static final List<String> PROBES = List.of(
            "SELECT slot, id, database_id, created_at, lives_at, confirmed FROM sandkeeper_deployment WHERE slot = 0",
            "SELECT sandbox_id, label_name, label_value FROM sandkeeper_label WHERE sandbox_id = ''",
            "SELECT session_key, " + Columns.ALL + " FROM sandkeeper_sandbox WHERE id = ''",
            "SELECT session_key, " + Columns.HISTORY + " FROM sandkeeper_history WHERE id = ''");

    private static final Logger LOG = LoggerFactory.getLogger(SandboxStore.class);

    private final Database database;

    Schema(Database database) {
        this.database = database;
    }

    /** What the history table says, or what it is to say: one script. */
    record Step(int version, int checksum) {}

    /**
     * Which scripts the database has.
     *
     * @throws StoreUnavailableException if it has one that this version of Sandkeeper does not know
     */
    List<Step> applied() {
        List<Step> applied = read();
        int newest = applied.stream().mapToInt(Step::version).max().orElse(0);
        int known = database.dialect().migrations().size();
        if (newest > known) {
            throw new StoreUnavailableException(Failure.of(
                            "store_too_new",
                            database.name() + " has schema version " + newest + "; this version of Sandkeeper knows "
                                    + known)
                    .remedy("Use the newer version of Sandkeeper that has used this store before"));
        }
        return applied;
    }

    /** Runs the scripts that are missing. Several JVMs may do so at once. */
    void update(List<Step> applied) {
        List<Step> expected = expected();
        List<Step> done = applied;
        for (int attempt = 0; !done.equals(expected); attempt++) {
            if (done.size() > expected.size() || !done.equals(expected.subList(0, done.size()))) {
                throw new StoreUnavailableException(Failure.of(
                                "store_schema",
                                database.name() + " has tables that do not fit: version or checksum of a script in "
                                        + HISTORY + " is " + done + ", not " + expected)
                        .remedy("Undo what was changed in the tables and rows " + PREFIX + "*, or restore a backup"));
            }
            try {
                run(expected.get(done.size()));
            } catch (JdbiException e) {
                SQLException sql = StoreFaults.find(SQLException.class, e);
                if (sql == null || !database.dialect().duplicateKey(sql) || attempt == ATTEMPTS) {
                    throw e;
                }
                LOG.debug("another one migrates {}", database.name());
            }
            done = applied();
        }
    }

    /** Refuses a database that lacks a table or a column. */
    void validate() {
        database.transactionHere(handle -> {
            PROBES.forEach(probe -> handle.createQuery(probe).mapToMap().list());
            return null;
        });
    }

    /**
     * Runs a script. Its row in the history is written first and committed last: others wait for it, and a JVM that dies in
     * between leaves none, so that the script, each statement of which may be repeated, is run again. On its own connection,
     * because most databases commit at each statement of that kind.
     */
    private void run(Step step) {
        LOG.debug("migrating {} to schema version {}", database.name(), step.version());
        Dialect dialect = database.dialect();
        String script = dialect.migrations().get(step.version() - 1);
        database.transactionHere(handle -> handle.execute(dialect.quoted(HISTORY_TABLE)));
        database.transactionHere(record -> {
            int rank = record.createQuery(dialect.quoted(NEXT_RANK))
                    .mapTo(Integer.class)
                    .one();
            record.createUpdate(dialect.quoted(RECORD))
                    .bind("rank", rank)
                    .bind("version", Integer.toString(step.version()))
                    .bind(
                            "description",
                            script.replaceAll("^V\\d+__|\\.sql$", "").replace('_', ' '))
                    .bind("script", script)
                    .bind("checksum", step.checksum())
                    .execute();
            // opened, because what JDBI is asked for within a transaction is that transaction
            try (Handle own = database.jdbi().open()) {
                return own.createScript(text(script)).execute();
            }
        });
    }

    private List<Step> read() {
        try {
            return database.transactionHere(this::read);
        } catch (JdbiException e) {
            SQLException sql = StoreFaults.find(SQLException.class, e);
            if (sql != null && database.dialect().missingTable(sql)) {
                return List.of();
            }
            throw e;
        }
    }

    private List<Step> read(Handle handle) {
        return handle.createQuery(database.dialect().quoted(APPLIED))
                .map((row, context) -> row.getBoolean("success")
                        ? new Step(Integer.parseInt(row.getString("version")), row.getInt("checksum"))
                        : new Step(0, 0))
                .list();
    }

    List<Step> expected() {
        List<Step> steps = new ArrayList<>();
        for (String script : database.dialect().migrations()) {
            steps.add(new Step(steps.size() + 1, checksum(text(script))));
        }
        return steps;
    }

    /** As Flyway has it: the CRC-32 of the lines without their ends. */
    private static int checksum(String script) {
        CRC32 crc = new CRC32();
        script.lines().forEach(line -> crc.update(line.getBytes(StandardCharsets.UTF_8)));
        return (int) crc.getValue();
    }

    private String text(String script) {
        String resource = database.dialect().folder() + "/" + script;
        try (InputStream in = Objects.requireNonNull(Schema.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.sandkeeper.store;

import dev.sandkeeper.Failure;
import dev.sandkeeper.StoreUnavailableException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.logging.Log;
import org.flywaydb.core.api.logging.LogFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings our tables up to date, with a history table of our own beside whatever the host keeps. */
final class Schema {
    static final String HISTORY = "sandkeeper_schema_history";

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
                            database.source().name() + " has schema version " + newest
                                    + "; this version of Sandkeeper knows " + known)
                    .remedy("Use the newer version of Sandkeeper that has used this store before"));
        }
        return applied;
    }

    /** Migrates if that is needed. It asks Flyway only then, because starting Flyway takes longer than opening the store. */
    void update(List<Step> applied) {
        if (applied.equals(expected())) {
            return;
        }
        LOG.debug("migrating {} from schema version {}", database.source().name(), applied.size());
        try {
            Flyway flyway = Flyway.configure(Schema.class.getClassLoader())
                    .dataSource(database.source().dataSource())
                    .table(HISTORY)
                    .locations("classpath:" + database.dialect().migrationFolder())
                    .failOnMissingLocations(true)
                    // the host's own tables may be there already
                    .baselineOnMigrate(true)
                    .baselineVersion("0")
                    .placeholderReplacement(false)
                    .load();
            LogFactory.setLogCreator(owner -> silence());
            flyway.migrate();
        } catch (FlywayException e) {
            if (StoreFaults.find(SQLException.class, e) != null) {
                throw e;
            }
            throw new StoreUnavailableException(Failure.of(
                            "store_schema", database.source().name() + " has tables that do not fit: " + e.getMessage())
                    .remedy("Undo what was changed in the tables and rows sandkeeper_*, or restore a backup")
                    .cause(e));
        } finally {
            // Flyway keeps its log in a static field: the host's own Flyway chooses anew
            LogFactory.setConfiguration(null);
        }
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
        return handle.createQuery(database.dialect().appliedMigrationsQuery())
                .map((row, context) -> row.getBoolean("success")
                        ? new Step(Integer.parseInt(row.getString("version")), row.getInt("checksum"))
                        : new Step(0, 0))
                .list();
    }

    List<Step> expected() {
        List<Step> steps = new ArrayList<>();
        for (String script : database.dialect().migrations()) {
            steps.add(
                    new Step(steps.size() + 1, checksum("/" + database.dialect().migrationFolder() + "/" + script)));
        }
        return steps;
    }

    /** As Flyway has it: the CRC-32 of the lines without their ends. Where it differs, Flyway itself judges. */
    private static int checksum(String resource) {
        CRC32 crc = new CRC32();
        try (InputStream in = Objects.requireNonNull(Schema.class.getResourceAsStream(resource), resource);
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            reader.lines().forEach(line -> crc.update(line.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return (int) crc.getValue();
    }

    /**
     * What goes wrong is thrown, and no host wants a page of INFO for four tables. A proxy, because the interface has other
     * methods in the version that a host may bring.
     */
    private static Log silence() {
        return (Log) Proxy.newProxyInstance(
                Log.class.getClassLoader(),
                new Class<?>[] {Log.class},
                (proxy, method, arguments) -> method.getReturnType() == boolean.class ? Boolean.FALSE : null);
    }
}

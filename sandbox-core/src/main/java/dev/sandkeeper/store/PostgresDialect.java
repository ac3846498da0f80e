package dev.sandkeeper.store;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** PostgreSQL from 15 on. */
final class PostgresDialect implements Dialect {
    /** Serialization failure, deadlock, lock not available. */
    private static final Set<String> REPEATABLE = Set.of("40001", "40P01", "55P03");

    /**
     * The key is there, or the table: where two make the same table if it does not exist, one may hear that it does, or
     * that a row of the catalog does.
     */
    private static final Set<String> DUPLICATE = Set.of("23505", "42P07", "42710");

    /**
     * For this transaction only; outside of one it says nothing. A JVM that stalls in the middle of one, as on a machine that
     * is suspended, keeps what it has locked, and whoever cleans would wait for it: the server ends it then.
     */
    private static final String BEGIN = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            + " SET LOCAL idle_in_transaction_session_timeout = '10s'";

    @Override
    public String folder() {
        return "postgresql";
    }

    @Override
    public String nowQuery() {
        return "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";
    }

    @Override
    public String whereQuery() {
        return "SELECT 'cluster ' || system_identifier || ' database ' || current_database() || ' ' || d.oid"
                + " || ' schema ' || current_schema()"
                + " FROM pg_control_system(), pg_database d WHERE d.datname = current_database()";
    }

    @Override
    public Optional<String> durabilityRisk(Handle handle) {
        return handle.createQuery("SELECT name FROM pg_settings WHERE setting = 'off'"
                        + " AND name IN ('fsync', 'synchronous_commit', 'full_page_writes') ORDER BY name")
                .mapTo(String.class)
                .findFirst()
                .map(setting -> "PostgreSQL may lose what it has acknowledged when its machine goes down: " + setting
                        + " is off");
    }

    @Override
    public <T> T inTransaction(Jdbi jdbi, Function<Handle, T> work) {
        return jdbi.inTransaction(handle -> {
            handle.execute(BEGIN);
            return work.apply(handle);
        });
    }

    @Override
    public boolean repeatable(SQLException failure) {
        return failure.getSQLState() != null && REPEATABLE.contains(failure.getSQLState());
    }

    @Override
    public boolean missingTable(SQLException failure) {
        return "42P01".equals(failure.getSQLState());
    }

    @Override
    public boolean duplicateKey(SQLException failure) {
        return failure.getSQLState() != null && DUPLICATE.contains(failure.getSQLState());
    }
}

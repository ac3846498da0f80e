package dev.sandkeeper.store;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** MariaDB from 10.11 on. */
class MariaDbDialect implements Dialect {
    /** Record changed since it was read, lock wait timeout, deadlock. */
    private static final Set<Integer> REPEATABLE = Set.of(1020, 1205, 1213);

    private static final int DUPLICATE_KEY = 1062;
    private static final int MISSING_TABLE = 1146;

    @Override
    public String folder() {
        return "mariadb";
    }

    @Override
    public String quoted(String sql) {
        // it keeps the case of names anyway, and takes what stands in double quotes for text
        return sql.replace("\"", "");
    }

    @Override
    public String nowQuery() {
        // not by the time of a zone, of which an hour comes twice a year
        return "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000";
    }

    @Override
    public String whereQuery() {
        return "SELECT CONCAT('database ', DATABASE())";
    }

    @Override
    public Optional<String> durabilityRisk(Handle handle) {
        return handle.createQuery("SELECT @@innodb_flush_log_at_trx_commit")
                .mapTo(Integer.class)
                .findOne()
                .filter(flush -> flush != 1)
                .map(flush -> "the database may lose what it has acknowledged when its machine goes down:"
                        + " innodb_flush_log_at_trx_commit is " + flush + ", not 1");
    }

    @Override
    public <T> T inTransaction(Jdbi jdbi, Function<Handle, T> work) {
        return jdbi.withHandle(handle -> {
            // for the next transaction only; inside of one it is too late
            handle.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
            return handle.inTransaction(work::apply);
        });
    }

    @Override
    public boolean repeatable(SQLException failure) {
        return REPEATABLE.contains(failure.getErrorCode());
    }

    @Override
    public boolean missingTable(SQLException failure) {
        return failure.getErrorCode() == MISSING_TABLE;
    }

    @Override
    public boolean duplicateKey(SQLException failure) {
        return failure.getErrorCode() == DUPLICATE_KEY;
    }
}

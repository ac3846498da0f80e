package dev.sandkeeper.store;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.h2.api.ErrorCode;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/** H2 from 2.3.232 on. */
final class H2Dialect implements Dialect {
    /** Another transaction was in the way; H2 has rolled this one back, or its statement. */
    private static final Set<Integer> REPEATABLE =
            Set.of(ErrorCode.DEADLOCK_1, ErrorCode.LOCK_TIMEOUT_1, ErrorCode.CONCURRENT_UPDATE_1);

    private static final Set<Integer> MISSING_TABLE = Set.of(
            ErrorCode.TABLE_OR_VIEW_NOT_FOUND_1,
            ErrorCode.TABLE_OR_VIEW_NOT_FOUND_WITH_CANDIDATES_2,
            ErrorCode.TABLE_OR_VIEW_NOT_FOUND_DATABASE_EMPTY_1);

    @Override
    public String folder() {
        return "h2";
    }

    @Override
    public String nowQuery() {
        return "SELECT DATEDIFF(MILLISECOND, TIMESTAMP WITH TIME ZONE '1970-01-01 00:00:00+00', CURRENT_TIMESTAMP(3))";
    }

    @Override
    public String whereQuery() {
        return "SELECT COALESCE(DATABASE_PATH(), 'memory')";
    }

    @Override
    public Optional<String> durabilityRisk(Handle handle) {
        return handle.createQuery(
                        "SELECT setting_value FROM information_schema.settings WHERE setting_name = 'WRITE_DELAY'"
                                + " AND DATABASE_PATH() IS NOT NULL AND setting_value <> '0'")
                .mapTo(String.class)
                .findFirst()
                .map(delay -> "H2 loses what it has acknowledged in the last " + delay
                        + " ms when its JVM is killed: add ;WRITE_DELAY=0 to its URL");
    }

    @Override
    public boolean server() {
        return false;
    }

    @Override
    public <T> T inTransaction(Jdbi jdbi, Function<Handle, T> work) {
        return jdbi.inTransaction(TransactionIsolationLevel.READ_COMMITTED, work::apply);
    }

    @Override
    public boolean repeatable(SQLException failure) {
        return REPEATABLE.contains(failure.getErrorCode());
    }

    @Override
    public boolean missingTable(SQLException failure) {
        return MISSING_TABLE.contains(failure.getErrorCode());
    }

    @Override
    public boolean duplicateKey(SQLException failure) {
        return failure.getErrorCode() == ErrorCode.DUPLICATE_KEY_1;
    }
}

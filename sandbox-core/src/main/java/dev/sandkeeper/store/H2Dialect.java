package dev.sandkeeper.store;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.h2.api.ErrorCode;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/** H2 from 2.3.232 on. */
final class H2Dialect implements Dialect {
    /**
     * One transaction at a time. A commit of H2's writes down all that is in memory, table by table and index by index, while
     * other transactions go on: where the JVM is killed then, a row may be found again as one of them has changed it and its
     * index as it was before, for good. Seen on 2.5.252: after 3 of 15 kills of a JVM with six writers, and after none of 75 so.
     * For the whole JVM, because two stores may have the same file open.
     */
    private static final Lock ONE_AT_A_TIME = new ReentrantLock();

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
        ONE_AT_A_TIME.lock();
        try {
            return jdbi.withHandle(handle -> {
                T result = handle.inTransaction(TransactionIsolationLevel.READ_COMMITTED, work::apply);
                H2FileHeader.write(handle.getConnection());
                return result;
            });
        } finally {
            ONE_AT_A_TIME.unlock();
        }
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

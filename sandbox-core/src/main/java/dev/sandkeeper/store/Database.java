package dev.sandkeeper.store;

import dev.sandkeeper.SandboxException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.TemplateEngine;

/** One database: short transactions that an interrupt does not hit and that are repeated when another was in the way. */
final class Database {
    /** How many transactions run at once; others wait. H2 writes one at a time anyway. */
    static final int THREADS = 8;

    /** How long a transaction is repeated while others are in its way. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final Source source;
    private final Dialect dialect;
    private final Jdbi jdbi;
    private final Uninterrupted threads;

    /**
     * A database.
     *
     * @param prefix what our tables begin with, in the place of {@link Schema#PREFIX}
     */
    Database(Source source, Dialect dialect, Uninterrupted threads, String prefix) {
        this.source = source;
        this.dialect = dialect;
        this.jdbi = Jdbi.create(() -> connect(source));
        this.threads = threads;
        TemplateEngine names = prefix.equals(Schema.PREFIX)
                ? TemplateEngine.NOP
                : (sql, context) -> sql.replace(Schema.PREFIX, prefix);
        jdbi.getConfig(SqlStatements.class).setTemplateEngine(names);
    }

    /** Where a host's pool begins transactions by itself, JDBI would take ours for one of the host's, and not commit it. */
    private static Connection connect(Source source) throws SQLException {
        Connection connection = source.connect();
        if (!connection.getAutoCommit()) {
            connection.setAutoCommit(true);
        }
        return connection;
    }

    Dialect dialect() {
        return dialect;
    }

    /** What to call it in a message. */
    String name() {
        return source.name();
    }

    Jdbi jdbi() {
        return jdbi;
    }

    /**
     * Runs one transaction.
     *
     * @throws dev.sandkeeper.StoreUnavailableException if it did not commit, or may not have
     */
    <T> T transaction(Function<Handle, T> work) {
        return guarded(threads, source::name, () -> repeat(work));
    }

    /** The database's clock, in milliseconds since the epoch. */
    long now(Handle handle) {
        return handle.createQuery(dialect.nowQuery()).mapTo(Long.class).one();
    }

    /** A transaction for who is on one of the store's threads already. */
    <T> T transactionHere(Function<Handle, T> work) {
        return repeat(work);
    }

    /** Runs a call on the store's threads and turns what it throws into what an application is told. */
    static <T> T guarded(Uninterrupted threads, Supplier<String> name, Supplier<T> call) {
        try {
            return threads.call(call::get);
        } catch (RejectedExecutionException e) {
            throw StoreFaults.closed(name.get());
        } catch (ExecutionException e) {
            Throwable fault = e.getCause();
            if (fault instanceof SandboxException known) {
                throw known;
            }
            if (fault instanceof Error error) {
                throw error;
            }
            throw StoreFaults.of(fault == null ? e : fault, name.get());
        }
    }

    private <T> T repeat(Function<Handle, T> work) {
        long start = System.nanoTime();
        for (int attempt = 1; ; attempt++) {
            AtomicBoolean begun = new AtomicBoolean();
            try {
                return dialect.inTransaction(jdbi, handle -> {
                    begun.set(true);
                    return work.apply(handle);
                });
            } catch (RuntimeException e) {
                SQLException sql = StoreFaults.find(SQLException.class, e);
                if (sql != null && dialect.repeatable(sql) && System.nanoTime() - start < PATIENCE_NANOS) {
                    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(
                            ThreadLocalRandom.current().nextLong(500L << Math.min(attempt, 7))));
                    continue;
                }
                if (sql != null && isStale(e, begun.get()) && attempt <= THREADS + 2) {
                    continue;
                }
                if (StoreFaults.closed(e)) {
                    source.renew();
                }
                throw e;
            }
        }
    }

    /**
     * Whether a pool has handed out a connection that its server had ended before: what comes before the transaction's own
     * work failed on it. Where it could not hand out one, the server is away.
     */
    private boolean isStale(RuntimeException failure, boolean begun) {
        return dialect.server() && !begun && !(failure instanceof ConnectionException);
    }

    void close() {
        threads.close();
        source.close();
    }
}

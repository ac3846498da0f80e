package dev.sandkeeper.store;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.mvstore.FileStore;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.RandomAccessStore;
import org.jdbi.v3.core.transaction.TransactionException;

/**
 * Has H2 write the header of its file again after a commit. A commit is a chunk of the file. Whoever opens the file after a
 * kill finds the last one at the file's end, or from the header along the place where each chunk said that the next would
 * be. Where a chunk comes to lie elsewhere, in a gap, H2 writes the header; and 2.5.252 then writes the chunk <em>before</em>
 * it there, because {@code RandomAccessStore.writeChunk} no longer sets {@code lastChunk} first, as 2.3.232 and 2.4.240 do.
 * Until another commit has led to it, nothing finds the new one: a JVM that is killed then has lost what it had acknowledged,
 * and all commits that were chained to it. In 2000 kills of {@code scripts/chaos} rows were lost 5 or 6 times, as this would.
 */
final class H2FileHeader {
    private H2FileHeader() {}

    /**
     * Writes it where the database is a file that commits write at once. The caller keeps others from committing meanwhile.
     *
     * @throws TransactionException if it cannot be written
     */
    static void write(Connection connection) {
        try {
            if (connection.isWrapperFor(JdbcConnection.class)
                    && connection.unwrap(JdbcConnection.class).getSession() instanceof SessionLocal session) {
                MVStore store = session.getDatabase().getStore().getMvStore();
                FileStore<?> file = store.getFileStore();
                if (file instanceof RandomAccessStore && !file.isReadOnly() && store.getAutoCommitDelay() == 0) {
                    write(file);
                }
            }
        } catch (SQLException e) {
            throw new TransactionException("H2 did not say where its file is", e);
        }
    }

    /** H2 has no way to ask for it from outside. */
    private static void write(FileStore<?> file) {
        try {
            Method method = RandomAccessStore.class.getDeclaredMethod("writeStoreHeader");
            method.setAccessible(true);
            method.invoke(file);
        } catch (InvocationTargetException e) {
            throw new TransactionException("H2 did not write the header of its file", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this version of H2 cannot be kept from losing commits", e);
        }
    }
}

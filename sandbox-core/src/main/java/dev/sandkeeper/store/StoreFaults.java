package dev.sandkeeper.store;

import dev.sandkeeper.Failure;
import dev.sandkeeper.StoreUnavailableException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.jdbc.JdbcException;
import org.jspecify.annotations.Nullable;

/** Turns what a database or its file system says into what an application is told: the one place that knows. */
final class StoreFaults {
    private static final Set<Integer> CLOSED = Set.of(
            ErrorCode.DATABASE_IS_CLOSED,
            ErrorCode.DATABASE_CALLED_AT_SHUTDOWN,
            ErrorCode.CONNECTION_BROKEN_1,
            ErrorCode.OBJECT_CLOSED);

    /** A table or a column is missing. */
    private static final Set<String> H2_TABLES = Set.of("42S02", "42S03", "42S04", "42S22");

    /** A disk or a table is full. */
    private static final Set<Integer> SERVER_FULL = Set.of(1021, 1114);

    /** The server, or a transaction, is read-only. */
    private static final Set<Integer> SERVER_READ_ONLY = Set.of(1290, 1792, 1836);

    private StoreFaults() {}

    /** What an application is told. */
    static StoreUnavailableException of(Throwable fault, String store) {
        SQLException sql = find(SQLException.class, fault);
        IOException io = find(IOException.class, fault);
        return new StoreUnavailableException(describe(sql, io, store).cause(sql != null ? sql : fault));
    }

    /** Whether an embedded database has closed itself, so that it must be opened again. */
    static boolean closed(Throwable fault) {
        SQLException sql = find(SQLException.class, fault);
        return sql instanceof JdbcException
                && (CLOSED.contains(sql.getErrorCode()) || find(IOException.class, fault) != null);
    }

    /** Whether a database could not be opened because an earlier fault was still closing it. */
    static boolean closing(Throwable fault) {
        SQLException sql = find(SQLException.class, fault);
        return sql != null && CLOSED.contains(sql.getErrorCode());
    }

    static <T> @Nullable T find(Class<T> type, Throwable fault) {
        for (Throwable at = fault; at != null; at = at.getCause()) {
            if (type.isInstance(at)) {
                return type.cast(at);
            }
        }
        return null;
    }

    private static Failure describe(@Nullable SQLException sql, @Nullable IOException io, String store) {
        if (sql != null && !(sql instanceof JdbcException)) {
            return describe(sql, store);
        }
        int code = sql == null ? 0 : sql.getErrorCode();
        String reason = io == null || io.getMessage() == null ? "" : io.getMessage();
        if (reason.contains("No space left")
                || reason.contains("quota exceeded")
                || reason.contains("File too large")) {
            return full(store);
        }
        if (code == ErrorCode.DATABASE_IS_READ_ONLY
                || io instanceof AccessDeniedException
                || reason.contains("Read-only file system")
                || reason.contains("Permission denied")) {
            return readOnly(store);
        }
        if (code == ErrorCode.DATABASE_ALREADY_OPEN_1) {
            return Failure.of("store_locked", store + " is open in another process")
                    .remedy("Let one JVM at a time use an embedded store, or keep the store in a database server");
        }
        if (code == ErrorCode.FILE_CORRUPTED_1 || io instanceof EOFException) {
            return corrupt(store);
        }
        if (code == ErrorCode.FILE_VERSION_ERROR_1) {
            return Failure.of("store_version", store + " was written by an H2 that this one cannot read")
                    .remedy("Use the H2 version that wrote it, or a newer one");
        }
        if (CLOSED.contains(code)) {
            return Failure.of("store_unavailable", store + " was closed by a fault and opens again at the next call")
                    .remedy("Try again");
        }
        if (sql != null && H2_TABLES.contains(sql.getSQLState())) {
            return tables(store);
        }
        return Failure.of("store_unavailable", store + " did not answer" + (sql == null ? "" : " (error " + code + ")"))
                .remedy("Look at the cause; try again when the database answers");
    }

    /** Of a server, by the class of its SQLSTATE; MariaDB has none of its own for some faults. */
    private static Failure describe(SQLException sql, String store) {
        String state = sql.getSQLState() == null ? "" : sql.getSQLState();
        int code = sql.getErrorCode();
        if (state.equals("53100") || SERVER_FULL.contains(code)) {
            return full(store);
        }
        if (state.equals("25006") || SERVER_READ_ONLY.contains(code)) {
            return Failure.of("store_read_only", store + " cannot be written: the server takes no writes")
                    .remedy("Name the primary, not a replica, in the URL");
        }
        if (state.startsWith("42P01") || state.startsWith("42S") || state.equals("42703")) {
            return tables(store);
        }
        if (state.startsWith("28")) {
            return Failure.of("store_unavailable", store + " refuses the user or the password")
                    .remedy("Correct the credentials of the data source, or what the server allows the user");
        }
        return Failure.of(
                        "store_unavailable",
                        store + " did not answer (SQLSTATE " + state + (code == 0 ? "" : ", error " + code) + ")")
                .remedy("Look at the cause; try again when the database answers");
    }

    private static Failure tables(String store) {
        return Failure.of("store_schema", store + " lacks our tables, or they do not fit")
                .remedy("Run the scripts in dev/sandkeeper/store, or open the store with SchemaMode.MIGRATE");
    }

    static Failure readOnly(String store) {
        return Failure.of("store_read_only", store + " cannot be written")
                .remedy("Make the directory and the files in it writable for this user, or choose another directory");
    }

    /** No file could be made in a store's directory, or the directory itself could not. */
    static StoreUnavailableException directory(FileSystemException fault, Path directory, String store) {
        StoreUnavailableException known = of(fault, store);
        if (!known.code().equals("store_unavailable")) {
            return known;
        }
        Path found = directory;
        while (!Files.exists(found) && found.getParent() != null) {
            found = found.getParent();
        }
        String why = Files.isDirectory(found) ? "no file can be made in " + found : found + " is not a directory";
        return new StoreUnavailableException(
                Failure.of("store_directory_unusable", store + " cannot be kept there: " + why)
                        .remedy("Name a directory that this user can write to, or one that can be made")
                        .cause(fault));
    }

    static Failure corrupt(String store) {
        return Failure.of("store_corrupt", store + " is not a database that can be read, or is damaged")
                .remedy(
                        "Restore the directory from a backup, or move it away and open an empty one under the same"
                                + " deployment id with confirmDeployment(): sandboxes that it does not know are then destroyed");
    }

    private static Failure full(String store) {
        return Failure.of("store_full", store + " has no space left on its disk")
                .remedy("Free space or raise the quota; nothing that was acknowledged is lost");
    }

    static StoreUnavailableException closed(String store) {
        return new StoreUnavailableException(
                Failure.of("store_closed", store + " has been closed").remedy("Open a new store"));
    }
}

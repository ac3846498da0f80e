package dev.sandkeeper.store;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What one database product says differently from the others. */
interface Dialect {
    /** The product as {@link java.sql.DatabaseMetaData#getDatabaseProductName()} gives it. */
    String product();

    /** A query for the database's clock: milliseconds since the epoch. */
    String nowQuery();

    /** A query for where the database lives, in its own words: another answer means another database, or a moved one. */
    String whereQuery();

    /**
     * What to tell a host whose database may forget what it has acknowledged.
     *
     * @return empty if it does not
     */
    Optional<String> durabilityRisk(Handle handle);

    /** Where the scripts of {@link #migrations()} are on the class path. */
    String migrationFolder();

    /** The names of all scripts, in order. They never change once released. */
    List<String> migrations();

    /** A query for the version, checksum and success of each script that was applied. */
    String appliedMigrationsQuery();

    /** Whether the same transaction may succeed when it is run again: nothing of it has happened. */
    boolean repeatable(SQLException failure);

    /** Whether a table that a query names does not exist. */
    boolean missingTable(SQLException failure);

    /** Whether a row with that key exists. */
    default boolean duplicateKey(SQLException failure) {
        String state = failure.getSQLState();
        return state != null && state.startsWith("23") && !state.equals("23502");
    }
}

package dev.sandkeeper.store;

import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** What one database product says differently from the others. */
interface Dialect {
    /** The dialect of a database, unless it is of a product that has none. */
    static Optional<Dialect> of(DatabaseMetaData database) throws SQLException {
        String product = String.valueOf(database.getDatabaseProductName());
        return switch (product) {
            case "H2" -> Optional.of(new H2Dialect());
            case "PostgreSQL" -> Optional.of(new PostgresDialect());
            case "MariaDB" -> Optional.of(new MariaDbDialect());
            // MySQL's own driver says MySQL of a MariaDB too
            case "MySQL" ->
                Optional.of(
                        database.getDatabaseProductVersion().contains("MariaDB")
                                ? new MariaDbDialect()
                                : new MySqlDialect());
            default -> Optional.empty();
        };
    }

    /** The folder of its scripts, below that of this package. */
    String folder();

    /** The names of all scripts, in order; each can be run again. They never change once released. */
    default List<String> migrations() {
        return List.of("V1__sandboxes.sql");
    }

    /** A statement whose names stand in double quotes, as this database has it. */
    default String quoted(String sql) {
        return sql;
    }

    /** A query for the database's clock: milliseconds since the epoch. */
    String nowQuery();

    /** A query for where the database lives, in its own words: another answer means another database, or a moved one. */
    String whereQuery();

    /** Whether it is a server: its address then says where it lives, too. */
    default boolean server() {
        return true;
    }

    /**
     * What to tell a host whose database may forget what it has acknowledged.
     *
     * @return empty if it does not
     */
    Optional<String> durabilityRisk(Handle handle);

    /** Runs a transaction in READ COMMITTED, and leaves the connection as the host has set it. */
    <T> T inTransaction(Jdbi jdbi, Function<Handle, T> work);

    /** Whether the same transaction may succeed when it is run again: nothing of it has happened. */
    boolean repeatable(SQLException failure);

    /** Whether a table that a query names does not exist. */
    boolean missingTable(SQLException failure);

    /** Whether a row with that key exists. */
    boolean duplicateKey(SQLException failure);
}

package dev.sandkeeper.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where connections come from. */
interface Source {
    /** One connection, to be closed soon. */
    Connection connect() throws SQLException;

    /** What to say of it in a message; no password. */
    String name();

    /** The database has closed itself after a fault: the next connection opens it again. */
    void renew();

    /** Lets go of it. */
    void close();

    /** The host's own: the host closes it. */
    static Source of(DataSource host, Supplier<String> name) {
        return of(host::getConnection, name, () -> {});
    }

    /** One that a fault of the database does not close for ever. */
    static Source of(Connector connector, Supplier<String> name, Runnable close) {
        return new Source() {
            @Override
            public Connection connect() throws SQLException {
                return connector.connect();
            }

            @Override
            public String name() {
                return name.get();
            }

            @Override
            public void renew() {}

            @Override
            public void close() {
                close.run();
            }
        };
    }

    /** Opens a connection. */
    @FunctionalInterface
    interface Connector {
        Connection connect() throws SQLException;
    }

    /** A pool of our own on an embedded H2. */
    final class Embedded implements Source {
        private static final Logger LOG = LoggerFactory.getLogger(SandboxStore.class);

        private final String url;
        private final String name;
        private final boolean inMemory;
        private volatile JdbcConnectionPool pool;

        Embedded(String url, String name, boolean inMemory) {
            this.url = url;
            this.name = name;
            this.inMemory = inMemory;
            this.pool = open();
        }

        private JdbcConnectionPool open() {
            JdbcConnectionPool opened = JdbcConnectionPool.create(url, "sandkeeper", "");
            opened.setMaxConnections(Database.THREADS + 2);
            return opened;
        }

        @Override
        public Connection connect() throws SQLException {
            return pool.getConnection();
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public synchronized void renew() {
            JdbcConnectionPool broken = pool;
            pool = open();
            broken.dispose();
        }

        @Override
        public void close() {
            if (inMemory) {
                forget();
            }
            pool.dispose();
        }

        private void forget() {
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("SHUTDOWN");
            } catch (SQLException e) {
                LOG.debug("the in-memory store was not there any more", e);
            }
        }
    }
}

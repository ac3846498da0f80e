package dev.sandkeeper.store;

import dev.sandkeeper.Failure;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.internal.SandboxRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a store is opened: look at what is there, refuse what is not ours before anything is written, bring the tables up to
 * date, record whom they answer for.
 */
abstract class Opening {
    /**
     * Besides durability ({@code WRITE_DELAY=0}: H2 else loses acknowledged commits with its JVM), no trace file of H2's, and
     * no hook that closes the database while the host's own hooks still use it.
     */
    private static final String OPTIONS =
            ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=5000;TRACE_LEVEL_FILE=0;TRACE_LEVEL_SYSTEM_OUT=0";

    /** How long a database that is closing itself is waited for. */
    private static final long CLOSING_NANOS = TimeUnit.SECONDS.toNanos(5);

    /**
     * What the host has set.
     *
     * @param deployment the id that it has named, if it has
     * @param confirm whether it says that this is the right database
     * @param clock in the place of the database's, for tests
     * @param prefix what our tables begin with
     * @param schema what is done about them
     */
    record Settings(
            @Nullable String deployment,
            boolean confirm,
            @Nullable Clock clock,
            String prefix,
            SchemaMode schema) {}

    private static final Logger LOG = LoggerFactory.getLogger(SandboxStore.class);

    /** What to call the store in a message. */
    abstract String name();

    /** What is to be looked at, and may be refused, before the database is touched. */
    abstract Optional<Marker> prepare(Identity identity) throws IOException;

    abstract Source source();

    /** What is to be said to a database without our tables. */
    void checkNew(Identity identity, Optional<Marker> marker) {
        identity.checkNew(marker);
    }

    /** Where the database is. */
    abstract String livesAt(Handle handle, Dialect dialect) throws IOException;

    /** Keeps beside the database whom it answers for. */
    abstract void mark(Optional<Marker> before, Deployment deployment) throws IOException;

    /** What is to be remembered of a server that has answered. */
    void found(DatabaseMetaData server) throws SQLException {}

    final SandboxRows open(Settings settings) {
        Uninterrupted threads = new Uninterrupted(Database.THREADS);
        boolean opened = false;
        try {
            SandboxRows rows = Database.guarded(threads, this::name, () -> openPastAClosing(settings, threads));
            opened = true;
            return rows;
        } finally {
            if (!opened) {
                threads.close();
            }
        }
    }

    /**
     * An H2 that a fault has closed, such as a full disk, is handed out in this JVM until it has ended, with the fault that
     * it met: that says nothing about the file as it is now.
     */
    private SandboxRows openPastAClosing(Settings settings, Uninterrupted threads) {
        long start = System.nanoTime();
        while (true) {
            try {
                return open(settings, threads);
            } catch (RuntimeException e) {
                if (!StoreFaults.closing(e) || System.nanoTime() - start > CLOSING_NANOS) {
                    throw e;
                }
                LOG.debug("{} is being closed by an earlier fault; opens it again", name());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    private SandboxRows open(Settings settings, Uninterrupted threads) {
        Source source = null;
        try {
            Optional<Marker> marker = prepare(new Identity(name(), settings.deployment(), settings.confirm()));
            source = source();
            Database database = new Database(source, dialect(source), threads, settings.prefix());
            Identity identity = new Identity(name(), settings.deployment(), settings.confirm());
            Deployment deployment = settle(database, identity, marker, settings);
            mark(marker, deployment);
            return new JdbiRows(database, deployment, settings.clock());
        } catch (IOException e) {
            close(source);
            throw new UncheckedIOException(e);
        } catch (SQLException e) {
            close(source);
            throw new IllegalStateException(e);
        } catch (RuntimeException | Error e) {
            close(source);
            throw e;
        }
    }

    private static void close(@Nullable Source source) {
        if (source != null) {
            source.close();
        }
    }

    private Dialect dialect(Source source) throws SQLException {
        try (Connection connection = source.connect()) {
            DatabaseMetaData metaData = connection.getMetaData();
            Dialect dialect = Dialect.of(metaData).orElse(null);
            if (dialect == null) {
                throw new StoreUnavailableException(Failure.of(
                                "store_unsupported",
                                name() + " is of the product \"" + metaData.getDatabaseProductName()
                                        + "\", which has no store")
                        .remedy("Use PostgreSQL, MariaDB, MySQL or H2"));
            }
            if (dialect.server()) {
                found(metaData);
            }
            if (connection.isReadOnly()) {
                throw new StoreUnavailableException(StoreFaults.readOnly(name()));
            }
            return dialect;
        }
    }

    private Deployment settle(Database database, Identity identity, Optional<Marker> marker, Settings settings)
            throws IOException {
        Schema schema = new Schema(database);
        boolean migrate = settings.schema() == SchemaMode.MIGRATE;
        List<Schema.Step> applied = settings.schema() == SchemaMode.OFF ? List.of() : schema.applied();
        if (settings.schema() == SchemaMode.VALIDATE) {
            schema.validate();
        }
        String livesAt = livesAt(database);
        Optional<Deployment> recorded =
                migrate && applied.isEmpty() ? Optional.empty() : database.transactionHere(Deployment::find);
        if (recorded.isPresent()) {
            identity.check(recorded.get(), marker, livesAt);
        } else {
            checkNew(identity, marker);
        }
        if (migrate) {
            schema.update(applied);
        }
        if (recorded.isEmpty()) {
            try {
                Deployment first = identity.first(marker, livesAt);
                database.transactionHere(handle -> first.insert(handle, database.now(handle)));
                return first;
            } catch (JdbiException e) {
                SQLException sql = StoreFaults.find(SQLException.class, e);
                if (sql == null || !database.dialect().duplicateKey(sql)) {
                    throw e;
                }
                // another opening was first: what it recorded counts
            }
        }
        return database.transactionHere(handle -> {
            Deployment found = Deployment.find(handle)
                    .orElseThrow(() -> new IllegalStateException("the record of the deployment has vanished"));
            identity.check(found, recorded.isPresent() ? marker : Optional.empty(), livesAt);
            Clock clock = settings.clock();
            Instant now = Instant.ofEpochMilli(clock == null ? database.now(handle) : clock.millis());
            return identity.next(handle, found, marker, livesAt, now);
        });
    }

    private String livesAt(Database database) throws IOException {
        try {
            return database.transactionHere(handle -> {
                try {
                    return livesAt(handle, database.dialect());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** An H2 file in a directory of its own. */
    static final class Embedded extends Opening {
        private static final String DATABASE = "sandkeeper";

        private final Path directory;
        private final Path file;
        private boolean hadContent;

        Embedded(Path directory) {
            this.directory = directory;
            this.file = directory.resolve(DATABASE + ".mv.db");
        }

        @Override
        String name() {
            return "the store in " + directory;
        }

        @Override
        Optional<Marker> prepare(Identity identity) throws IOException {
            makeDirectory();
            if (!Files.isWritable(directory) || (Files.exists(file) && !Files.isWritable(file))) {
                throw new StoreUnavailableException(StoreFaults.readOnly(name()));
            }
            Optional<Marker> marker = Marker.read(directory);
            hadContent = Files.exists(file) && Files.size(file) > 0;
            if (!hadContent) {
                identity.checkNew(marker);
            }
            return marker;
        }

        /** Something is written there before H2 is asked, whose errors do not tell where no file can be made, as in /proc. */
        private void makeDirectory() throws IOException {
            try {
                if (!Files.isDirectory(directory)) {
                    Files.createDirectories(directory);
                }
                if (!Files.exists(file) && Files.isWritable(directory)) {
                    Files.delete(Files.createTempFile(directory, DATABASE, null));
                }
            } catch (FileSystemException e) {
                throw StoreFaults.directory(e, directory, name());
            }
        }

        /** The marker is written last: H2 takes a file whose every chunk is damaged for an empty database. */
        @Override
        void checkNew(Identity identity, Optional<Marker> marker) {
            if (hadContent && marker.isPresent() && !identity.confirm()) {
                throw new StoreUnavailableException(StoreFaults.corrupt(name()));
            }
            super.checkNew(identity, marker);
        }

        @Override
        Source source() {
            // retry: opens a channel again that an interrupt has closed, should one ever get through
            return new Source.Embedded("jdbc:h2:file:retry:" + directory.resolve(DATABASE) + OPTIONS, name(), false);
        }

        @Override
        String livesAt(Handle handle, Dialect dialect) throws IOException {
            return Place.of(file);
        }

        @Override
        void mark(Optional<Marker> before, Deployment deployment) throws IOException {
            Marker marker = new Marker(deployment.id(), deployment.databaseId());
            if (before.isEmpty() || !before.get().equals(marker)) {
                marker.write(directory);
            }
        }
    }

    /** H2 in memory. */
    static final class Memory extends Opening {
        private final String database;

        Memory(String database) {
            this.database = database;
        }

        @Override
        String name() {
            return "the in-memory store";
        }

        @Override
        Optional<Marker> prepare(Identity identity) {
            return Optional.empty();
        }

        @Override
        Source source() {
            return new Source.Embedded("jdbc:h2:mem:" + database + ";DB_CLOSE_DELAY=-1" + OPTIONS, name(), true);
        }

        @Override
        String livesAt(Handle handle, Dialect dialect) {
            return "memory";
        }

        @Override
        void mark(Optional<Marker> before, Deployment deployment) {}
    }

    /** The host's database, by its data source or by a URL. */
    static final class Host extends Opening {
        private final Supplier<Source> connections;
        private volatile String name;
        private volatile String address = "";

        Host(DataSource dataSource) {
            this.name = "the store in the host's data source";
            this.connections = () -> Source.of(dataSource, this::name);
        }

        Host(String url, Properties credentials) {
            this.name = "the store at " + ServerConnections.address(url);
            this.connections = () -> ServerConnections.open(url, credentials, name());
        }

        @Override
        String name() {
            return name;
        }

        @Override
        void found(DatabaseMetaData server) throws SQLException {
            address = ServerConnections.address(String.valueOf(server.getURL()));
            name = "the store at " + address;
        }

        @Override
        Optional<Marker> prepare(Identity identity) {
            return Optional.empty();
        }

        @Override
        Source source() {
            return connections.get();
        }

        /** With the address of a server, because a copy of its files says the same of itself. */
        @Override
        String livesAt(Handle handle, Dialect dialect) {
            dialect.durabilityRisk(handle).ifPresent(risk -> LOG.warn("{}: {}", name(), risk));
            String where =
                    handle.createQuery(dialect.whereQuery()).mapTo(String.class).one();
            return dialect.server() ? where + " at " + address : where;
        }

        @Override
        void mark(Optional<Marker> before, Deployment deployment) {}
    }
}

package dev.sandkeeper.store;

import dev.sandkeeper.internal.SandboxRows;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Where the rows of a deployment's sandboxes live: a row is there before its sandbox is, and stays until nothing is left of
 * it, through crashes and restarts. Thread-safe. The manager that it is given to closes it.
 *
 * <p>A store belongs to one deployment, whose id is on every resource that the deployment makes. A database that was copied,
 * moved or emptied is refused until {@link Builder#confirmDeployment()}, so that it does not destroy what belongs to the
 * first one.
 */
public final class SandboxStore implements AutoCloseable {
    private final SandboxRows rows;

    SandboxStore(SandboxRows rows) {
        this.rows = rows;
    }

    /**
     * Opens a store in a directory of its own, for one JVM at a time. What it has acknowledged survives the death of the
     * JVM.
     *
     * @param directory the directory; made if it does not exist
     * @return the store
     * @throws dev.sandkeeper.StoreUnavailableException if it cannot be opened: codes {@code store_locked},
     *     {@code store_directory_unusable}, {@code store_read_only}, {@code store_full}, {@code store_corrupt},
     *     {@code store_too_new}, {@code deployment_unconfirmed}, {@code store_unavailable}
     */
    public static SandboxStore embedded(Path directory) {
        return builder().embedded(directory).open();
    }

    /**
     * Opens a store that is gone when it is closed or the JVM ends, and with it the knowledge of its sandboxes: for tests.
     *
     * @return a store of its own, each time
     */
    public static SandboxStore inMemory() {
        return builder().inMemory().open();
    }

    /**
     * Opens a store in the host's database, beside whatever the host keeps there: its tables start with
     * {@code sandkeeper_}. The host closes the data source. No connection is held between calls.
     *
     * @param dataSource of PostgreSQL from 15 on, MariaDB from 10.11 on, MySQL from 8.0.17 on (not verified) or H2; a pool
     *     of at least two connections, ten are used at most
     * @return the store
     * @throws dev.sandkeeper.StoreUnavailableException as for {@link #embedded(Path)}, or with code
     *     {@code store_schema} if its tables do not fit, {@code store_unsupported} for another product
     */
    public static SandboxStore on(DataSource dataSource) {
        return builder().on(dataSource).open();
    }

    /**
     * Opens a store in a database that a URL names, as {@link #on(DataSource)} does. Its connections are the store's own:
     * pooled if HikariCP is on the class path, else each call opens one.
     *
     * @param url of JDBC, such as {@code jdbc:postgresql://db.example.com/app}
     * @param user the database's user; null if the URL names one, or none is needed
     * @param password the user's password; null if there is none
     * @return the store
     * @throws dev.sandkeeper.StoreUnavailableException as for {@link #on(DataSource)}, or with code
     *     {@code store_unsupported} if the driver is not on the class path
     */
    public static SandboxStore at(String url, @Nullable String user, @Nullable String password) {
        return builder().at(url, user, password).open();
    }

    /**
     * Starts a store with settings of its own.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * For Sandkeeper's own modules.
     *
     * @return the rows
     */
    public SandboxRows rows() {
        return rows;
    }

    /**
     * The id that is on every resource of this deployment.
     *
     * @return 1 to 40 of {@code [a-z0-9-]}
     */
    public String deployment() {
        return rows.deployment();
    }

    /** Lets go of the database, after the calls that run have finished. Idempotent, never throws. */
    @Override
    public void close() {
        rows.close();
    }

    /** Settings of a store. Not thread-safe. */
    public static final class Builder {
        private static final Pattern PREFIX = Pattern.compile("[a-z][a-z0-9_]{0,39}");
        private static final Pattern DEPLOYMENT = Pattern.compile("[a-z0-9-]{1,40}");

        private @Nullable Opening opening;
        private @Nullable String deployment;
        private boolean confirm;
        private @Nullable Clock clock;
        private String prefix = Schema.PREFIX;
        private SchemaMode schema = SchemaMode.MIGRATE;

        private Builder() {}

        /**
         * Keeps the rows in a directory.
         *
         * @param directory made if it does not exist; no semicolon in its path
         * @return this builder
         * @see SandboxStore#embedded(Path)
         */
        public Builder embedded(Path directory) {
            Path absolute = directory.toAbsolutePath().normalize();
            if (absolute.toString().indexOf(';') >= 0) {
                throw new IllegalArgumentException("directory must not have a semicolon in its path: " + absolute);
            }
            opening = new Opening.Embedded(absolute);
            return this;
        }

        /**
         * Keeps the rows in memory.
         *
         * @return this builder
         * @see SandboxStore#inMemory()
         */
        public Builder inMemory() {
            opening = new Opening.Memory("sandkeeper-" + UUID.randomUUID());
            return this;
        }

        /**
         * Keeps the rows in the host's database.
         *
         * @param dataSource of PostgreSQL, MariaDB, MySQL or H2
         * @return this builder
         * @see SandboxStore#on(DataSource)
         */
        public Builder on(DataSource dataSource) {
            opening = new Opening.Host(Objects.requireNonNull(dataSource, "dataSource"));
            return this;
        }

        /**
         * Keeps the rows in the database that a URL names.
         *
         * @param url of JDBC
         * @param user the database's user, or null
         * @param password the user's password, or null
         * @return this builder
         * @see SandboxStore#at(String, String, String)
         */
        public Builder at(String url, @Nullable String user, @Nullable String password) {
            if (!url.startsWith("jdbc:")) {
                throw new IllegalArgumentException(
                        "url must begin with \"jdbc:\": \"" + ServerConnections.address(url) + "\"");
            }
            Properties credentials = new Properties();
            if (user != null) {
                credentials.setProperty("user", user);
            }
            if (password != null) {
                credentials.setProperty("password", password);
            }
            opening = new Opening.Host(url, credentials);
            return this;
        }

        /**
         * Replaces what the names of our tables and indexes begin with.
         *
         * @param prefix 1 to 40 of {@code [a-z0-9_]}, a letter first; the default is {@code sandkeeper_}
         * @return this builder
         */
        public Builder tablePrefix(String prefix) {
            if (!PREFIX.matcher(prefix).matches()) {
                throw new IllegalArgumentException(
                        "tablePrefix must have 1 to 40 of [a-z0-9_], a letter first: \"" + prefix + "\"");
            }
            this.prefix = prefix;
            return this;
        }

        /**
         * Says what the store does about its tables when it is opened.
         *
         * @param mode the default is {@link SchemaMode#MIGRATE}
         * @return this builder
         */
        public Builder schema(SchemaMode mode) {
            schema = Objects.requireNonNull(mode, "mode");
            return this;
        }

        /**
         * Names the deployment. Without a name the store makes one up and keeps it.
         *
         * @param id 1 to 40 of {@code [a-z0-9-]}; the same at every start, and no other deployment's at the same providers
         * @return this builder
         */
        public Builder deployment(String id) {
            if (!DEPLOYMENT.matcher(id).matches()) {
                throw new IllegalArgumentException("deployment must have 1 to 40 of [a-z0-9-]: \"" + id + "\"");
            }
            deployment = id;
            return this;
        }

        /**
         * Says, for this opening, that the database is the right one for the deployment although it was copied, moved,
         * emptied or answered for another one. Resources of the deployment that it does not know are destroyed afterwards;
         * where the id changes, it forgets the sandboxes that it knows, because they belong to the other deployment. Not to
         * be left in the code.
         *
         * @return this builder
         */
        public Builder confirmDeployment() {
            confirm = true;
            return this;
        }

        /**
         * Replaces the database's clock, for tests.
         *
         * @param clock the only clock that is compared with a row
         * @return this builder
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Opens the store.
         *
         * @return the store
         * @throws dev.sandkeeper.StoreUnavailableException as for {@link SandboxStore#embedded(Path)}
         * @throws IllegalStateException if nothing says where the rows are to be kept
         */
        public SandboxStore open() {
            if (opening == null) {
                throw new IllegalStateException(
                        "say where the rows are kept: embedded(directory), on(dataSource), at(url, user, password) or"
                                + " inMemory()");
            }
            return new SandboxStore(opening.open(new Opening.Settings(deployment, confirm, clock, prefix, schema)));
        }
    }
}

package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import dev.sandkeeper.testsupport.DatabaseServer;
import dev.sandkeeper.testsupport.DatabaseServers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a database server has to do besides, on a server of the tests' own. */
@Timeout(120)
@ExtendWith(DatabaseServers.class)
abstract class ServerStoreContract extends SandboxStoreContract {
    private final DatabaseServer server;
    private final Dialect dialect;
    private final String url;

    ServerStoreContract(DatabaseServer server, Dialect dialect) {
        this.server = server;
        this.dialect = dialect;
        this.url = server.newDatabase();
    }

    /** One connection each time, from the driver itself. */
    abstract DataSource dataSource(String address);

    @Override
    protected final SandboxStore.Builder database() {
        return SandboxStore.builder().at(url, null, null);
    }

    final DataSource dataSource() {
        return dataSource(url);
    }

    private SandboxStore.Builder host() {
        return SandboxStore.builder().on(dataSource());
    }

    @Test
    void usesTheHostsDataSource() {
        SandboxStore hosts = open(host());
        SandboxStore ours = open(database());
        assertThat(hosts.deployment()).isEqualTo(ours.deployment());
        SandboxRow row = hosts.rows().insert(Rows.full());
        assertThat(ours.rows().find(row.id()).map(Rows::text)).contains(Rows.text(row));
    }

    @Test
    void commitsInAHostsPoolThatWantsToBeToldWhen() {
        HikariConfig settings = new HikariConfig();
        settings.setDataSource(dataSource());
        settings.setAutoCommit(false);
        settings.setTransactionIsolation("TRANSACTION_SERIALIZABLE");
        settings.setMaximumPoolSize(2);
        try (HikariDataSource pool = new HikariDataSource(settings)) {
            SandboxRow row;
            try (SandboxStore hosts = SandboxStore.on(pool)) {
                row = hosts.rows().insert(Rows.full());
            }
            assertThat(open(database()).rows().find(row.id())).isPresent();
        }
    }

    @Test
    void needsNoPoolButADriver(@TempDir Path directory) throws Exception {
        String noPool = System.getProperty("java.class.path").replaceAll("[^:;]*HikariCP[^:;]*\\.jar", "");
        assertThat(at(noPool, directory)).contains("found true");
        String noDriver = noPool.replaceAll("[^:;]*(postgresql-4|mariadb-java-client)[^:;]*\\.jar", "");
        assertThat(at(noDriver, directory))
                .singleElement()
                .asString()
                .startsWith("store_unsupported")
                .containsAnyOf("org.postgresql:postgresql", "org.mariadb.jdbc:mariadb-java-client");
    }

    private List<String> at(String classPath, Path directory) throws Exception {
        return StoreChild.output(StoreChild.command(classPath, "at", directory, "-Durl=" + url))
                .lines()
                .toList();
    }

    @Test
    void isInReadCommittedWhateverTheHostHasSet() {
        HikariConfig settings = new HikariConfig();
        settings.setDataSource(dataSource());
        settings.setTransactionIsolation("TRANSACTION_SERIALIZABLE");
        open(database()).rows().insert(Rows.full());
        try (HikariDataSource pool = new HikariDataSource(settings)) {
            Database database = database(pool, 1);
            String isolation = database.transaction(handle -> {
                handle.createQuery("SELECT id FROM sandkeeper_sandbox FOR UPDATE")
                        .mapTo(String.class)
                        .list();
                return handle.createQuery(isolationQuery()).mapTo(String.class).one();
            });
            database.close();
            assertThat(isolation).isEqualToIgnoringCase("read committed");
            assertThat(Jdbi.create(pool).withHandle(Handle::getTransactionIsolationLevel))
                    .isEqualTo(TransactionIsolationLevel.SERIALIZABLE);
        }
    }

    /** A query for the isolation of the transaction that asks. */
    abstract String isolationQuery();

    private Database database(DataSource source, int threads) {
        return new Database(Source.of(source, () -> "test"), dialect, new Uninterrupted(threads), Schema.PREFIX);
    }

    @Test
    void repeatsWhatADeadlockHasEnded() throws Exception {
        SandboxStore store = open(database());
        List<SandboxId> ids = List.of(
                store.rows().insert(Rows.row()).id(),
                store.rows().insert(Rows.row()).id());
        Database database = database(dataSource(), 2);
        CyclicBarrier eachHoldsOne = new CyclicBarrier(2);
        AtomicInteger runs = new AtomicInteger();
        Gate.together(
                2,
                i -> () -> database.transaction(handle -> {
                    boolean first = runs.incrementAndGet() <= 2;
                    grow(handle, ids.get(i));
                    if (first) {
                        await(eachHoldsOne);
                    }
                    return grow(handle, ids.get(1 - i));
                }));
        database.close();
        assertThat(runs).hasValueGreaterThan(2);
        assertThat(ids)
                .allSatisfy(id -> assertThat(store.rows().find(id).orElseThrow().version())
                        .isEqualTo(3));
    }

    private static int grow(Handle handle, SandboxId id) {
        return handle.createUpdate("UPDATE sandkeeper_sandbox SET version = version + 1 WHERE id = :id")
                .bind("id", id.toString())
                .execute();
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void ordersIdsAsBytes() {
        List<SandboxId> ids = List.of(
                SandboxId.of("0193f000-0000-7000-8000-00000000000a"),
                SandboxId.of("0193f000-0000-7000-8000-000000000009"),
                SandboxId.of("0193f000-0000-7000-8000-000000000010"));
        SandboxStore store = open(database());
        ids.forEach(id -> store.rows().insert(Rows.row(id, "ann", Map.of())));
        assertThat(store.rows().list(RowFilter.ALL, null, 10))
                .extracting(row -> row.id().toString())
                .isSortedAccordingTo(String::compareTo)
                .hasSize(3);
    }

    @Test
    void keepsSeveralStoresApartByPrefix() {
        SandboxStore other = open(database().tablePrefix("other_"));
        SandboxStore ours = open(database());
        assertThat(other.deployment()).isNotEqualTo(ours.deployment());
        SandboxRow row = other.rows().insert(Rows.full());
        assertThat(ours.rows().find(row.id())).isEmpty();
        assertThat(ours.rows().list(RowFilter.ALL, null, 10)).isEmpty();
        assertThat(other.rows().archive(Rows.history(row))).isTrue();
        assertThat(other.rows().findHistory(row.id())).isPresent();
    }

    @Test
    void makesNoTableUnlessItIsToMigrate() {
        String empty = server.newDatabase();
        for (SchemaMode mode : List.of(SchemaMode.VALIDATE, SchemaMode.OFF)) {
            assertThatThrownBy(() -> SandboxStore.builder()
                            .at(empty, null, null)
                            .schema(mode)
                            .open())
                    .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                        assertThat(e.code()).isEqualTo("store_schema");
                        assertThat(e.retryable()).isFalse();
                    })
                    .hasMessageContainingAll(ServerConnections.address(empty), "dev/sandkeeper/store");
        }
        int tables = Jdbi.create(dataSource(empty))
                .withHandle(handle -> handle.createQuery("SELECT COUNT(*) FROM information_schema.tables"
                                + " WHERE LOWER(table_name) LIKE 'sandkeeper%' AND table_schema = :name")
                        .bind("name", empty.replaceFirst(".*(test_\\d+).*", "$1"))
                        .mapTo(Integer.class)
                        .one());
        assertThat(tables).isZero();
    }

    @Test
    void takesTheTablesOfAHostThatRunsTheScriptsWithItsOwnFlyway() {
        String empty = server.newDatabase();
        flyway(empty, "hosts_own_history").migrate();
        for (SchemaMode mode : List.of(SchemaMode.VALIDATE, SchemaMode.OFF)) {
            SandboxStore store =
                    open(SandboxStore.builder().at(empty, null, null).schema(mode));
            SandboxRow row = store.rows().insert(Rows.full());
            assertThat(store.rows().archive(Rows.history(row))).isTrue();
        }
        Jdbi.create(dataSource(empty))
                .useHandle(handle -> handle.execute("ALTER TABLE sandkeeper_sandbox DROP COLUMN fence"));
        assertThatThrownBy(() -> SandboxStore.builder()
                        .at(empty, null, null)
                        .schema(SchemaMode.VALIDATE)
                        .open())
                .isInstanceOfSatisfying(
                        StoreUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("store_schema"));
    }

    @Test
    void leavesAHistoryThatFlywayGoesOnWithAndTheOtherWayRound() {
        assertThat(flyway(url, Schema.HISTORY).migrate().migrationsExecuted).isZero();

        String flyways = server.newDatabase();
        assertThat(flyway(flyways, Schema.HISTORY).migrate().migrationsExecuted).isEqualTo(1);
        SandboxStore store = open(SandboxStore.builder().at(flyways, null, null));
        assertThat(store.rows().insert(Rows.full()).version()).isEqualTo(1);
    }

    private Flyway flyway(String address, String history) {
        return Flyway.configure()
                .dataSource(dataSource(address))
                .table(history)
                .locations("classpath:dev/sandkeeper/store/" + dialect.folder())
                .load();
    }

    @Test
    void finishesTheMigrationThatDiedInTheMiddle() {
        Jdbi host = Jdbi.create(dataSource());
        host.useHandle(handle -> {
            handle.execute("DROP TABLE sandkeeper_label");
            handle.execute("DELETE FROM sandkeeper_schema_history");
        });
        SandboxStore store = open(database());
        assertThat(store.rows().insert(Rows.full()).labels()).isNotEmpty();
        assertThat(store.rows().list(new RowFilter(null, null, Set.of(), Map.of("task", "42"), null), null, 9))
                .hasSize(1);
    }

    @Test
    void refusesACopyInAnotherDatabase() {
        Jdbi.create(dataSource())
                .useHandle(handle -> handle.execute("UPDATE sandkeeper_deployment SET lives_at = 'elsewhere'"));
        assertThatThrownBy(() -> database().open())
                .isInstanceOfSatisfying(
                        StoreUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("deployment_unconfirmed"))
                .hasMessageContainingAll("elsewhere", "127.0.0.1", "test_");
        open(database().confirmDeployment()).close();
        open(database()).close();
    }

    @Test
    void doesNotTellThePasswordOrParametersOfAUrl() {
        String absent = url.replaceFirst(":\\d+/", ":1/") + "&password=secret-word";
        assertThatThrownBy(() -> SandboxStore.at(absent, "ann", "other-secret"))
                .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                    assertThat(e.code()).isEqualTo("store_unavailable");
                    assertThat(e.retryable()).isTrue();
                    assertThat(e.remedy()).isPresent();
                })
                .hasMessageContaining("127.0.0.1:1/")
                .hasMessageNotContainingAny("secret", "user=");
    }

    @Test
    void isToldWhenItMayForget() {
        assertThat(Jdbi.create(dataSource()).withHandle(dialect::durabilityRisk))
                .isEqualTo(Optional.empty());
    }

    @Test
    void readsTheClockInEveryZone() {
        long before = System.currentTimeMillis();
        List<Long> times = List.of("UTC", "Asia/Tokyo").stream()
                .map(zone -> Jdbi.create(dataSource()).withHandle(handle -> {
                    handle.execute(
                            dialect instanceof PostgresDialect
                                    ? "SET TIME ZONE '" + zone + "'"
                                    : "SET time_zone = '" + (zone.equals("UTC") ? "+00:00" : "+09:00") + "'");
                    return handle.createQuery(dialect.nowQuery())
                            .mapTo(Long.class)
                            .one();
                }))
                .toList();
        long after = System.currentTimeMillis();
        assertThat(times).allSatisfy(time -> assertThat(time).isBetween(before - 1, after));
    }

    @Test
    void noticesThatItsPoolHoldsConnectionsToAServerThatWasRestarted() throws Exception {
        SandboxStore store = open(database());
        SandboxId id = store.rows().insert(Rows.full()).id();
        // as many as there can be; a pool does not look at one that was used just now
        Gate.together(Database.THREADS, i -> () -> store.rows().find(id));
        server.stop();
        server.start();
        assertThat(Gate.together(Database.THREADS, i -> () -> store.rows().find(id)))
                .allSatisfy(found -> assertThat(found).isPresent());
    }

    @Test
    void failsFastWhileTheServerIsAwayAndGoesOnWhenItIsBack() {
        SandboxStore store = open(database());
        SandboxStore hosts = open(host());
        SandboxRow row = store.rows().insert(Rows.full());
        SandboxRow lost = Rows.row();
        server.stop();
        try {
            long start = System.nanoTime();
            for (SandboxStore each : List.of(store, hosts)) {
                assertThatThrownBy(() -> each.rows().insert(lost))
                        .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                            assertThat(e.code()).isEqualTo("store_unavailable");
                            assertThat(e.retryable()).isTrue();
                            assertThat(e.remedy()).isPresent();
                        })
                        .hasMessageContaining(ServerConnections.address(url));
            }
            assertThat(System.nanoTime() - start).as("nanoseconds").isLessThan(20_000_000_000L);
        } finally {
            server.start();
        }
        for (SandboxStore each : List.of(store, hosts)) {
            assertThat(each.rows().find(lost.id())).isEmpty();
            assertThat(each.rows().find(row.id()).map(Rows::text)).contains(Rows.text(row));
        }
        assertThat(store.rows().insert(lost).version()).isEqualTo(1);
    }
}

package dev.sandkeeper.engine;

import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import dev.sandkeeper.testkit.MutableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.h2.jdbcx.JdbcDataSource;

/** A provider, a database and a clock that several managers, as if in several JVMs, can share. */
final class Rig implements AutoCloseable {
    final MutableClock clock = MutableClock.at(Instant.parse("2030-01-01T00:00:00Z"));
    final InMemoryProvider provider = InMemoryProvider.create();
    final List<SandboxEvent> events = new CopyOnWriteArrayList<>();
    private final JdbcDataSource database = new JdbcDataSource();
    private final List<SandboxManager> managers = new CopyOnWriteArrayList<>();

    Rig() {
        database.setURL("jdbc:h2:mem:rig-" + java.util.UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    }

    static CleanupSettings.Builder manual() {
        return CleanupSettings.builder().manual().sweepGrace(Duration.ofMillis(10));
    }

    SandboxManager manager() {
        return manager(UnaryOperator.identity(), manual().build());
    }

    SandboxManager manager(UnaryOperator<SandboxBackend> faults, CleanupSettings settings) {
        return manager(faults, settings, b -> b);
    }

    SandboxManager manager(
            UnaryOperator<SandboxBackend> faults,
            CleanupSettings settings,
            UnaryOperator<SandboxManager.Builder> more) {
        SandboxManager manager = more.apply(SandboxManager.builder()
                        .backend(faults.apply(backend()))
                        .store(store())
                        .listener(events::add)
                        .cleanup(settings))
                .build();
        managers.add(manager);
        return manager;
    }

    /** Ends are kept here by the rows alone. */
    SandboxBackend backend() {
        return InMemoryBackend.builder(provider)
                .without(Capability.PROVIDER_EXPIRY)
                .createSettlesWithin(Duration.ofSeconds(30))
                .build();
    }

    SandboxStore store() {
        return SandboxStore.builder()
                .on(database)
                .deployment("rig")
                .clock(clock)
                .open();
    }

    /** What nothing of ours would do to the tables. */
    void sql(String statement) {
        try (java.sql.Connection connection = database.getConnection();
                java.sql.Statement update = connection.createStatement()) {
            update.executeUpdate(statement);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    <E extends SandboxEvent> List<E> events(Class<E> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void close() {
        managers.forEach(SandboxManager::close);
        try (java.sql.Connection connection = database.getConnection();
                java.sql.Statement statement = connection.createStatement()) {
            statement.execute("SHUTDOWN");
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}

package dev.sandkeeper.engine;

import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.ForwardingBackend;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.h2.jdbcx.JdbcConnectionPool;
import org.postgresql.ds.PGConnectionPoolDataSource;

/** One of several JVMs that clean what all of them share: one provider, one PostgreSQL. */
public final class FleetHost {
    static final Duration LEASE = Duration.ofSeconds(3);

    private FleetHost() {}

    /** Cleans until standard input ends: port of the provider, URL of the store. */
    public static void main(String[] arguments) throws IOException {
        HostJvm.endOnFaults();
        JdbcConnectionPool connections = connections(arguments[1]);
        CleanupSettings settings = CleanupSettings.builder()
                .lookInterval(Duration.ofMillis(200))
                .lease(LEASE)
                .retry(Duration.ofMillis(200), Duration.ofSeconds(2))
                .sweepInterval(Duration.ofSeconds(10))
                .sweepGrace(Duration.ofSeconds(2))
                .parallelism(8)
                .rateLimit(0)
                .build();
        SandboxManager manager = manager(arguments[0], connections, settings);
        System.out.println("READY " + Instant.now().toEpochMilli());
        System.out.flush();
        System.in.transferTo(OutputStream.nullOutputStream());
        manager.close();
        connections.dispose();
    }

    static SandboxManager manager(String port, JdbcConnectionPool connections, CleanupSettings settings) {
        return SandboxManager.builder()
                .backend(withoutEnds(InMemoryBackend.connect(Integer.parseInt(port))))
                .store(SandboxStore.builder()
                        .on(connections)
                        .deployment("fleet")
                        .open())
                .cleanup(settings)
                .build();
    }

    /** PostgreSQL through a pool that is at hand. */
    static JdbcConnectionPool connections(String url) {
        PGConnectionPoolDataSource source = new PGConnectionPoolDataSource();
        source.setUrl(url);
        JdbcConnectionPool connections = JdbcConnectionPool.create(source);
        connections.setMaxConnections(10);
        return connections;
    }

    /** Ends are kept by the rows alone, so that nobody but a cleaner destroys anything. */
    private static SandboxBackend withoutEnds(SandboxBackend backend) {
        Set<Capability> capabilities = new HashSet<>(backend.capabilities());
        capabilities.remove(Capability.PROVIDER_EXPIRY);
        return new ForwardingBackend(backend) {
            @Override
            public Set<Capability> capabilities() {
                return capabilities;
            }
        };
    }
}

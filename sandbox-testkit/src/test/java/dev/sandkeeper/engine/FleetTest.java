package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultPlan.Operation;
import dev.sandkeeper.testkit.InMemoryProvider.Action;
import dev.sandkeeper.testkit.InMemoryProvider.Event;
import dev.sandkeeper.testkit.ProviderProcess;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.DatabaseServers;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Several JVMs clean the same sandboxes in one database while others renew them, and all goes wrong that may: a JVM is
 * killed, one stalls beyond its leases and goes on, one has a wrong clock. Judged by the database, the provider and the renewer,
 * none of which is a cleaner.
 */
@Tag("long")
@Needs(Component.POSTGRESQL)
@ExtendWith(DatabaseServers.class)
class FleetTest {
    /** Fewer where it has been run with all of them before, on another JDK. */
    private static final int SANDBOXES = Integer.getInteger("sandkeeper.fleet", 5000);

    private static final String STEADY = "steady";
    private static final String KILLED = "killed";
    private static final String STALLED = "stalled";
    private static final String WRONG = "wrong";
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void eachIsArchivedOnceNoneAfterARenewalAndNothingUnderALostLease(PostgresServer server) throws Exception {
        String url = server.newDatabase();
        long seed = new Random().nextLong();
        JdbcConnectionPool connections = FleetHost.connections(named(url, "renewer"));
        try (ProviderProcess provider = ProviderProcess.start();
                SandboxManager renewer = FleetHost.manager(
                        String.valueOf(provider.port()),
                        connections,
                        Rig.manual().build());
                RowWitness rows = new RowWitness(url);
                FleetRenewals renewals = new FleetRenewals(renewer, seed)) {
            List<SandboxId> ids = create(renewer);
            // so that cleaners hold leases for most of their time
            slowDestroys(provider, 60);
            try (HostJvm steady = host(STEADY, provider, url, List.of());
                    HostJvm killed = host(KILLED, provider, url, List.of());
                    HostJvm stalled = host(STALLED, provider, url, List.of());
                    HostJvm wrong = host(WRONG, provider, url, List.of(WrongClock.option(directory)))) {
                for (HostJvm host : List.of(steady, killed, stalled)) {
                    assertThat(clockOf(host)).isBetween(Duration.ofMinutes(-2), Duration.ofMinutes(2));
                }
                assertThat(clockOf(wrong)).isBetween(Duration.ofMinutes(8), Duration.ofMinutes(12));
                ids.forEach(renewals::begin);

                await().atMost(PATIENCE).until(() -> rows.live() <= SANDBOXES * 9 / 10);
                // whoever takes over from the stalled one is still at it when that goes on
                slowDestroys(provider, 1000);
                stallWhileItCleans(stalled, STALLED, rows);
                await().atMost(PATIENCE).until(() -> rows.takenOverFrom(STALLED) > 0);
                long refused = rows.refused(STALLED);
                stalled.goOn();
                await().atMost(PATIENCE).until(() -> rows.refused(STALLED) > refused);
                slowDestroys(provider, 60);

                await().atMost(PATIENCE).until(() -> rows.live() <= SANDBOXES * 8 / 10);
                stallWhileItCleans(killed, KILLED, rows);
                killed.kill();
                await().atMost(PATIENCE).until(() -> rows.takenOverFrom(KILLED) > 0);

                await().atMost(PATIENCE).until(() -> rows.live() == 0 && renewals.done());
                for (HostJvm host : List.of(steady, stalled, wrong)) {
                    assertThat(host.end()).isZero();
                }
            }
            assertThat(rows.history()).as("seed %s", seed).containsExactlyInAnyOrderElementsOf(ids);
            assertThat(rows.violations()).as("seed %s", seed).isEmpty();
            for (String host : List.of(STEADY, KILLED, STALLED, WRONG)) {
                assertThat(rows.archivedBy(host)).as(host).isPositive();
            }
            assertThat(renewals.faults()).isEmpty();
            assertThat(renewals.renewed()).isPositive();
            assertThat(endedBeforeTheirTime(provider.journal(), renewals.acknowledged()))
                    .as("seed %s", seed)
                    .isEmpty();
            assertThat(provider.resources()).isEmpty();
            assertThat(ids(provider.journal(), Action.CREATED)).containsExactlyInAnyOrderElementsOf(ids);
            assertThat(ids(provider.journal(), Action.DESTROYED)).containsExactlyInAnyOrderElementsOf(ids);
        } finally {
            connections.dispose();
        }
    }

    private static List<SandboxId> create(SandboxManager manager) throws Exception {
        SandboxSpec spec = SandboxSpec.builder().timeToLive(Duration.ofHours(1)).build();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<SandboxId>> creates = new ArrayList<>();
            for (int i = 0; i < SANDBOXES; i++) {
                creates.add(threads.submit(() -> {
                    var sandbox = manager.create(spec).detach();
                    sandbox.close();
                    return sandbox.id();
                }));
            }
            List<SandboxId> ids = new ArrayList<>();
            for (Future<SandboxId> create : creates) {
                ids.add(create.get());
            }
            return ids;
        } finally {
            threads.shutdownNow();
        }
    }

    private HostJvm host(String name, ProviderProcess provider, String url, List<String> options) throws Exception {
        return new HostJvm(
                directory, name, FleetHost.class, options, String.valueOf(provider.port()), named(url, name));
    }

    private static String named(String url, String name) {
        return url + "&ApplicationName=" + name;
    }

    private static void slowDestroys(ProviderProcess provider, int millis) {
        provider.alwaysFault(Operation.DESTROY, Fault.of(Fault.Kind.SLOW, Duration.ofMillis(millis)));
    }

    /** How far its clock is ahead of ours. */
    private static Duration clockOf(HostJvm host) throws Exception {
        return Duration.between(Instant.now(), Instant.ofEpochMilli(Long.parseLong(host.read("READY"))));
    }

    /** In the middle of its work: it must have claimed what it has not archived yet. */
    private static void stallWhileItCleans(HostJvm host, String name, RowWitness rows) throws Exception {
        host.stall();
        while (rows.held(name) < 2 && rows.live() > 0) {
            host.goOn();
            await().atMost(PATIENCE).until(() -> rows.held(name) >= 2 || rows.live() == 0);
            host.stall();
        }
        assertThat(rows.live()).as("what is left to clean").isPositive();
    }

    private static List<String> endedBeforeTheirTime(List<Event> journal, Map<SandboxId, Instant> acknowledged) {
        return journal.stream()
                .filter(event -> event.action() != Action.CREATED)
                .filter(event -> event.at().isBefore(acknowledged.get(event.sandboxId())))
                .map(event -> event + ", and was to live until " + acknowledged.get(event.sandboxId()))
                .toList();
    }

    private static List<SandboxId> ids(List<Event> journal, Action action) {
        return journal.stream()
                .filter(event -> event.action() == action)
                .map(Event::sandboxId)
                .toList();
    }
}

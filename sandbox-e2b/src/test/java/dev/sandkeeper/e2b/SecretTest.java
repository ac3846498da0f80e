package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.metrics.SandboxMetrics;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The key of the team shows in no log at the finest level, no row, no exception, no event and no metric. */
@Needs(Component.BUBBLEWRAP)
class SecretTest {
    @TempDir
    Path directory;

    @Test
    void theKeyIsNowhere() throws SQLException {
        JdbcDataSource database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:secret-" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (SecretWatch watch = SecretWatch.of(Simulated.KEY);
                SandboxMetrics metrics = new SandboxMetrics(registry);
                Simulated e2b = Simulated.byLocal(directory.resolve("state"))) {
            SimulatorFaults faults = e2b.simulator().faults();
            try (SandboxManager manager = SandboxManager.builder()
                    .backend(e2b.hasty())
                    .store(SandboxStore.builder()
                            .on(database)
                            .deployment("secret")
                            .open())
                    .listener(event -> watch.read("event", event.toString()))
                    .listener(metrics)
                    .cleanup(CleanupSettings.builder()
                            .lookInterval(Duration.ofMillis(200))
                            .build())
                    .build()) {
                use(manager, watch);
                for (Kind kind :
                        new Kind[] {Kind.LOST_ANSWER, Kind.LOST_REQUEST, Kind.CUT, Kind.RATE_LIMITED, Kind.SERVER_ERROR
                        }) {
                    faults.heal().sometimes(SimulatorFaults.ANY, SimulatorFault.of(kind), 0.3);
                    use(manager, watch);
                }
                faults.heal();
            }
            try (SandboxManager refused = SandboxManager.builder()
                    .backend(E2bBackend.builder(Simulated.KEY + "0")
                            .apiUrl(e2b.simulator().uri().toString())
                            .build())
                    .store(SandboxStore.inMemory())
                    .build()) {
                use(refused, watch);
                watch.read("health", refused.health().toString());
            }
            watch.read("rows", rows(database));
            assertThat(registry.getMeters()).isNotEmpty();
            watch.read("metrics", registry.getMetersAsString());
            watch.assertNowhere();
        }
    }

    private static void use(SandboxManager manager, SecretWatch watch) {
        try (Sandbox sandbox = manager.create(
                SandboxSpec.builder().createTimeout(Duration.ofSeconds(20)).build())) {
            watch.read("sandbox", sandbox + " " + sandbox.info());
            sandbox.exec(Command.builder("sh", "-c", "env; cat /proc/[0-9]*/cmdline")
                    .deadline(Duration.ofSeconds(5))
                    .build());
            sandbox.files().write("f", "content");
            sandbox.destroy();
        } catch (SandboxException e) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text));
            watch.read("exception", text + e.toString() + e.remedy() + e.code());
        }
    }

    private static String rows(JdbcDataSource database) throws SQLException {
        StringBuilder rows = new StringBuilder();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet script = statement.executeQuery("SCRIPT")) {
            while (script.next()) {
                rows.append(script.getString(1)).append('\n');
            }
            statement.execute("SHUTDOWN");
        }
        assertThat(rows).contains("secret");
        return rows.toString();
    }
}

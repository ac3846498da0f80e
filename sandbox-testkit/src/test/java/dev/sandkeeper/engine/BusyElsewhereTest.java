package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.testkit.InMemoryProvider.Action;
import dev.sandkeeper.testkit.InMemoryProvider.Event;
import dev.sandkeeper.testkit.ProviderProcess;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.DatabaseServers;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One JVM runs a command that takes longer than its sandbox may be idle; another one cleans. */
@Tag("long")
@Needs(Component.POSTGRESQL)
@ExtendWith(DatabaseServers.class)
class BusyElsewhereTest {
    private static final Duration IDLE = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    /** The JVM with the command: it leaves all cleaning to the other one, and its handles open. */
    static final class User {
        private User() {}

        public static void main(String[] arguments) throws IOException {
            HostJvm.endOnFaults();
            JdbcConnectionPool connections = FleetHost.connections(arguments[1]);
            SandboxManager manager =
                    FleetHost.manager(arguments[0], connections, Rig.manual().build());
            SandboxSpec spec = SandboxSpec.builder().idleTimeout(IDLE).build();
            Sandbox idle = manager.create(spec).detach();
            say("IDLE " + idle.id());
            Sandbox busy = manager.create(spec).detach();
            say("BUSY " + busy.id());
            ExecResult result = busy.exec(Command.of("sleep", "10"));
            say("ENDED " + Instant.now() + " " + result.exitCode() + " "
                    + result.duration().toMillis());
            System.in.transferTo(OutputStream.nullOutputStream());
            manager.close();
            connections.dispose();
        }

        private static void say(String line) {
            System.out.println(line);
            System.out.flush();
        }
    }

    @Test
    @Timeout(240)
    void aCommandKeepsItsSandboxFromTheCleanersOfAllJvmsUntilItEnds(PostgresServer server) throws Exception {
        String url = server.newDatabase();
        try (ProviderProcess provider = ProviderProcess.start()) {
            String[] place = {String.valueOf(provider.port()), url};
            try (HostJvm cleaner = new HostJvm(directory, "cleaner", FleetHost.class, List.of(), place)) {
                cleaner.read("READY");
                try (HostJvm user = new HostJvm(directory, "user", User.class, List.of(), place)) {
                    SandboxId idle = SandboxId.of(user.read("IDLE"));
                    SandboxId busy = SandboxId.of(user.read("BUSY"));
                    String[] ended = user.read("ENDED").split(" ", -1);
                    await().atMost(PATIENCE).until(() -> provider.resources().isEmpty());

                    Instant end = Instant.parse(ended[0]);
                    assertThat(ended[1]).as("exit code").isEqualTo("0");
                    assertThat(Long.parseLong(ended[2])).isGreaterThanOrEqualTo(10_000);
                    assertThat(destroyed(provider, idle))
                            .as("the cleaner has been at work meanwhile")
                            .isBefore(end);
                    assertThat(destroyed(provider, busy))
                            .as("no sooner than it has been idle as long as it may, and soon after that")
                            .isBetween(end.plus(IDLE.dividedBy(2)), end.plus(Duration.ofSeconds(30)));
                    assertThat(user.end()).isZero();
                }
                assertThat(cleaner.end()).isZero();
            }
        }
    }

    private static Instant destroyed(ProviderProcess provider, SandboxId id) {
        return provider.journal().stream()
                .filter(event ->
                        event.action() == Action.DESTROYED && event.sandboxId().equals(id))
                .map(Event::at)
                .findFirst()
                .orElseThrow();
    }
}

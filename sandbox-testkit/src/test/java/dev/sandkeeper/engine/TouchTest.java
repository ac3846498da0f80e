package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a thousand busy sandboxes cost their database, and that no command waits for it. */
@Tag("long")
@Timeout(120)
class TouchTest {
    private static final int SANDBOXES = 1000;

    /** A quarter of the shortest idle timeout. */
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final InMemoryProvider provider = InMemoryProvider.create();
    private final CountedDatabase database = new CountedDatabase();
    private final List<Sandbox> sandboxes = new ArrayList<>();
    private SandboxManager manager;

    @BeforeEach
    void create() {
        manager = SandboxManager.builder()
                .backend(InMemoryBackend.builder(provider)
                        .without(Capability.PROVIDER_EXPIRY)
                        .build())
                .store(SandboxStore.builder()
                        .on(database.dataSource())
                        .deployment("touch")
                        .open())
                .cleanup(Rig.manual().build())
                .build();
        // this one sets the pace of all; it is not used, as one close to its idle end would be written about at once
        manager.create(
                SandboxSpec.builder().idleTimeout(INTERVAL.multipliedBy(4)).build());
        SandboxSpec spec =
                SandboxSpec.builder().idleTimeout(Duration.ofHours(1)).build();
        for (int i = 0; i < SANDBOXES; i++) {
            sandboxes.add(manager.create(spec));
        }
    }

    @AfterEach
    void close() throws SQLException {
        database.goOn();
        manager.close();
        database.shutDown();
    }

    private void useAll() {
        for (Sandbox sandbox : sandboxes) {
            assertThat(sandbox.exec("true").exitCode()).isZero();
        }
    }

    @Test
    void aBusySandboxIsWrittenAboutOnceAnIntervalWithAllOthersInOneBatch() {
        useAll();
        await().until(() -> !database.touches().isEmpty());
        int before = database.touches().size();
        int commands = 0;
        while (database.touches().size() < before + 4) {
            useAll();
            commands += SANDBOXES;
        }
        List<CountedDatabase.Touch> touches = database.touches();

        for (CountedDatabase.Touch touch : touches) {
            assertThat(new HashSet<>(touch.ids())).as("once each").hasSameSizeAs(touch.ids());
        }
        for (int i = 1; i < touches.size(); i++) {
            assertThat(Duration.ofNanos(touches.get(i).at() - touches.get(i - 1).at()))
                    .as("between batch %s and the next", i)
                    .isGreaterThanOrEqualTo(INTERVAL);
        }
        Map<String, Long> writes = touches.stream()
                .flatMap(touch -> touch.ids().stream())
                .collect(Collectors.groupingBy(id -> id, Collectors.counting()));
        assertThat(writes).hasSize(SANDBOXES);
        assertThat(touches).as("batches for %s commands", commands).hasSizeLessThan(SANDBOXES / 10);
    }

    @Test
    void noCommandWaitsForADatabaseThatStalls() {
        useAll();
        database.stall();
        // the one thread that tells of what is active: nothing else asks this database for anything
        await().until(() -> database.waiting() > 0);
        int touches = database.touches().size();
        // where a command waited for the database, the test would come to its timeout
        useAll();
        useAll();
        assertThat(database.touches()).hasSize(touches);
        database.goOn();
        await().until(() -> database.touches().size() > touches);
    }
}

package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.BeforeDestroy;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.ExportSink;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What runs in a sandbox may end by itself before it is destroyed, if the host wants that. */
class TerminationTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String SAVING =
            "trap 'echo saved > result; exit' TERM; echo ready > result; while :; do sleep 0.1; done";

    @TempDir
    Path exports;

    private final Rig rig = new Rig();
    private final FaultPlan faults = FaultPlan.create();

    @AfterEach
    void close() {
        rig.close();
    }

    private SandboxManager manager(CleanupSettings settings) {
        return rig.manager(backend -> FaultInjectingBackend.of(backend, faults), settings, UnaryOperator.identity());
    }

    private static Sandbox running(SandboxManager manager, String script) {
        Sandbox sandbox = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        sandbox.startInBackground("program", Command.of("sh", "-c", script));
        await().atMost(PATIENCE).until(() -> sandbox.files().exists("result"));
        return sandbox;
    }

    /** One that keeps what programs leave that were given time to end. */
    private SandboxManager exporting() {
        return manager(Rig.manual()
                .terminationGrace(PATIENCE)
                .beforeDestroy(BeforeDestroy.export("result")
                        .to(ExportSink.directory(exports))
                        .build())
                .build());
    }

    private static List<String> events(SandboxManager manager, SandboxId id) {
        return manager.find(id).orElseThrow().audit().stream()
                .map(AuditEntry::event)
                .toList();
    }

    @Test
    void programsEndByThemselvesBeforeTheirFilesAreExportedAndTheSandboxIsDestroyed() throws IOException {
        SandboxManager manager = exporting();
        SandboxId id = running(manager, SAVING).id();
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(events(manager, id))
                .containsExactly("created", "expired", "claimed", "terminated", "exported", "destroyed");
        assertThat(Files.readString(exports.resolve(id + ".tar"), StandardCharsets.ISO_8859_1))
                .contains("saved")
                .doesNotContain("ready");
    }

    @Test
    void nobodyIsAskedByDefault() {
        SandboxManager manager = manager(Rig.manual().build());
        Sandbox sandbox = running(manager, SAVING);
        sandbox.destroy();
        assertThat(events(manager, sandbox.id())).containsExactly("created", "claimed", "destroyed");
    }

    @Test
    void aProgramThatIgnoresItIsGoneAfterTheGrace() {
        Duration grace = Duration.ofSeconds(2);
        SandboxManager manager = manager(Rig.manual().terminationGrace(grace).build());
        Sandbox sandbox = running(manager, "trap '' TERM; echo x > result; while :; do sleep 0.1; done");
        long begun = System.nanoTime();
        sandbox.destroy();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(grace);
        assertThat(rig.provider.resources()).isEmpty();
        assertThat(events(manager, sandbox.id())).containsExactly("created", "claimed", "terminated", "destroyed");
        assertThat(manager.find(sandbox.id()).orElseThrow().audit())
                .anySatisfy(entry -> assertThat(entry.detail()).contains("not everything has ended within PT2S"));
    }

    @Test
    void theLeaseIsKeptInTheGraceHoweverLongThatIs() throws Exception {
        Duration lease = Duration.ofMillis(600);
        SandboxManager manager = manager(Rig.manual()
                .lease(lease)
                .terminationGrace(Duration.ofMinutes(2))
                .build());
        SandboxManager other = rig.manager();
        Sandbox sandbox =
                running(manager, "trap '[ -e end ] && exit' TERM; echo x > result; while :; do sleep 0.1; done");
        SandboxRows rows = rig.store().rows();
        CompletableFuture<Void> destroyed = CompletableFuture.runAsync(sandbox::destroy);
        await().atMost(PATIENCE)
                .until(() -> rows.find(sandbox.id()).orElseThrow().state() == SandboxState.CLEANING);
        for (int step = 0; step < 5; step++) {
            // less than the lease, and then it is kept again: in all it would have run out long ago
            rig.clock.advance(lease.dividedBy(2));
            Instant kept = rig.clock.instant().plus(lease);
            await().atMost(PATIENCE)
                    .until(() ->
                            kept.equals(rows.find(sandbox.id()).orElseThrow().leaseUntil()));
            assertThat(other.cleanup().run().cleaned()).isZero();
        }
        assertThat(destroyed).isNotDone();
        try (var connection =
                rig.backend().attach(rows.find(sandbox.id()).orElseThrow().providerRef())) {
            connection.files().write("/workspace/end", new ByteArrayInputStream(new byte[1]), -1);
            assertThat(rig.backend().terminate(connection.providerRef(), PATIENCE))
                    .isTrue();
        }
        destroyed.get(20, TimeUnit.SECONDS);
        assertThat(events(manager, sandbox.id())).containsExactly("created", "claimed", "terminated", "destroyed");
    }

    @Test
    void whatCannotBeAskedIsDestroyedAllTheSameAndWhatWasAskedIsNotAskedAgain() {
        SandboxManager manager = manager(Rig.manual().terminationGrace(PATIENCE).build());
        faults.next(FaultPlan.Operation.TERMINATE, Fault.of(Fault.Kind.UNAVAILABLE));
        Sandbox unasked = running(manager, SAVING);
        unasked.destroy();
        assertThat(events(manager, unasked.id())).containsExactly("created", "claimed", "destroyed");
        SandboxId id = running(manager, SAVING).id();
        rig.clock.advance(Duration.ofMinutes(1));
        faults.next(FaultPlan.Operation.DESTROY, Fault.of(Fault.Kind.UNAVAILABLE));
        assertThat(manager.cleanup().run().failed()).isEqualTo(1);
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(events(manager, id)).containsOnlyOnce("terminated").contains("failed");
    }

    @Test
    void aHandleThatIsClosedLeavesItsCommandsTheGrace() throws IOException {
        SandboxManager manager = exporting();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        var process = sandbox.start(Command.of("sh", "-c", SAVING));
        await().atMost(PATIENCE).until(() -> sandbox.files().exists("result"));
        sandbox.close();
        await().atMost(PATIENCE)
                .until(() -> manager.find(sandbox.id()).orElseThrow().state() == SandboxState.CLEANED);
        assertThat(Files.readString(exports.resolve(sandbox.id() + ".tar"), StandardCharsets.ISO_8859_1))
                .contains("saved");
        process.close();
    }

    @Test
    void refusesAGraceThatCannotBeMeant() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupSettings.builder().terminationGrace(Duration.ofMillis(-1)))
                .withMessageContaining("terminationGrace");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupSettings.builder().terminationGrace(Duration.ofMinutes(11)));
    }
}

package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SnapshotTest {
    private static final SandboxSpec PLAIN = SandboxSpec.builder().build();

    private final Rig rig = new Rig();

    @AfterEach
    void nothingIsLeft() {
        rig.close();
    }

    @Test
    void aSnapshotOutlivesItsSandboxAndItsManagerUntilItIsDeleted() {
        SandboxManager first = rig.manager();
        Snapshot snapshot;
        try (Sandbox sandbox = first.create(PLAIN)) {
            sandbox.files().write("state", "set up");
            snapshot = sandbox.snapshot("set-up");
        }
        first.close();
        assertThat(rig.provider.resources()).isEmpty();

        SandboxManager second = rig.manager();
        assertThat(second.snapshots("memory")).containsExactly(snapshot);
        second.cleanup().forceSweep();
        SandboxSpec from = SandboxSpec.builder().image(snapshot.image()).build();
        try (Sandbox copy = second.create(from)) {
            assertThat(copy.files().readString("state")).isEqualTo("set up");
            copy.snapshot("another");
        }
        assertThat(second.snapshots("memory")).extracting(Snapshot::name).containsExactly("another", "set-up");
        second.snapshots("memory").forEach(second::deleteSnapshot);
        second.deleteSnapshot(snapshot);
        assertThat(second.snapshots("memory")).isEmpty();
    }

    @Test
    void whatIsNotActiveGivesNoSnapshot() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(PLAIN).detach();
        sandbox.pause();
        assertThatThrownBy(() -> sandbox.snapshot("paused"))
                .isInstanceOfSatisfying(
                        SandboxConflictException.class,
                        e -> assertThat(e.code()).isEqualTo("sandbox_busy"))
                .hasMessageContaining("PAUSED");
        sandbox.resume();
        assertThatThrownBy(() -> sandbox.snapshot("No_Name"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("No_Name");
        Sandbox other = manager.connect(sandbox.id());
        manager.destroy(sandbox.id());
        assertThatThrownBy(() -> other.snapshot("gone")).isInstanceOf(SandboxGoneException.class);
        other.close();
        assertThatThrownBy(() -> other.snapshot("closed")).isInstanceOf(HandleClosedException.class);
        assertThat(manager.snapshots("memory")).isEmpty();
        sandbox.close();
    }

    @Test
    void aSandboxThatTheProviderHasLostEndsByTheQuestion() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(PLAIN);
        rig.provider.lose(rig.provider.resources().get(0).providerRef());
        assertThatThrownBy(() -> sandbox.snapshot("lost"))
                .isInstanceOf(SandboxGoneException.class)
                .hasMessageContaining(sandbox.id().toString());
        sandbox.close();
    }

    @Test
    void aLostAnswerLeavesASnapshotThatIsListedAndCannotBeMadeAgain() {
        FaultPlan plan = FaultPlan.create();
        SandboxManager manager = rig.manager(
                backend -> FaultInjectingBackend.of(backend, plan), Rig.manual().build());
        try (Sandbox sandbox = manager.create(PLAIN)) {
            plan.next(FaultPlan.Operation.SNAPSHOT, Fault.of(Fault.Kind.LOST_ANSWER));
            assertThatThrownBy(() -> sandbox.snapshot("lost")).isInstanceOf(OutcomeUnknownException.class);
            assertThatThrownBy(() -> sandbox.snapshot("lost"))
                    .isInstanceOfSatisfying(
                            SandboxConflictException.class,
                            e -> assertThat(e.code()).isEqualTo("snapshot_exists"));
        }
        Snapshot left = manager.snapshots("memory").get(0);
        assertThat(left.name()).isEqualTo("lost");
        plan.next(FaultPlan.Operation.LIST_SNAPSHOTS, Fault.of(Fault.Kind.STALL, Duration.ofMillis(1)));
        assertThatThrownBy(() -> manager.snapshots("memory")).isInstanceOf(BackendUnavailableException.class);
        manager.deleteSnapshot(left);
        assertThat(manager.snapshots("memory")).isEmpty();
    }

    @Test
    void aBackendWithoutSnapshotsRefusesByName() {
        SandboxManager manager = rig.manager(
                backend -> InMemoryBackend.builder(rig.provider)
                        .without(Capability.PROVIDER_EXPIRY)
                        .without(Capability.SNAPSHOT)
                        .build(),
                Rig.manual().build());
        try (Sandbox sandbox = manager.create(PLAIN)) {
            assertThatThrownBy(() -> sandbox.snapshot("one"))
                    .isInstanceOfSatisfying(
                            CapabilityMissingException.class,
                            e -> assertThat(e.capability()).isEqualTo(Capability.SNAPSHOT))
                    .hasMessageContaining(sandbox.id().toString());
        }
        assertThatThrownBy(() -> manager.snapshots("memory")).isInstanceOf(CapabilityMissingException.class);
        assertThatThrownBy(() -> manager.deleteSnapshot(new Snapshot("memory", "a", "a", null)))
                .isInstanceOf(CapabilityMissingException.class);
        assertThatThrownBy(() -> manager.snapshots("nowhere")).isInstanceOf(SpecInvalidException.class);
        manager.close();
        assertThatThrownBy(() -> manager.snapshots("memory")).isInstanceOf(HandleClosedException.class);
    }
}

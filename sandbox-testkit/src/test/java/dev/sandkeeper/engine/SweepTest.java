package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.SweepReport;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.ForwardingBackend;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SweepTest {
    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    private ProvisionRequest request(String deployment) {
        return new ProvisionRequest(
                deployment,
                SandboxId.generate(System.nanoTime()),
                rig.clock.instant(),
                null,
                SandboxSpec.builder().build(),
                Map.of(),
                message -> {});
    }

    /** The grace of orphans is monotonic time, which no clock of a test moves. */
    private static void graceIsOver() {
        long over = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(15);
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() - over > 0);
    }

    /** A manager over a store that has known the deployment from its beginning. */
    private SandboxManager confirmed() {
        SandboxManager manager = rig.manager();
        manager.cleanup().sweep();
        return manager;
    }

    @Test
    void anOrphanIsDestroyedOnlyWhenASecondSweepAGraceLaterSeesItToo() {
        SandboxManager manager = confirmed();
        rig.backend().create(request("rig")).close();
        String halfMade = rig.provider.leaveHalfMade(request("rig"));

        SweepReport first = manager.cleanup().sweep();
        assertThat(first.orphans()).isEqualTo(2);
        assertThat(first.destroyed()).isZero();
        graceIsOver();
        SweepReport second = manager.cleanup().sweep();
        assertThat(second.destroyed()).isEqualTo(2);
        assertThat(rig.provider.resources())
                .noneMatch(left -> left.providerRef().equals(halfMade));
        assertThat(rig.provider.resources()).isEmpty();
        assertThat(rig.events(SandboxEvent.Orphan.class)).hasSize(4);
    }

    @Test
    void anotherDeploymentsSandboxesSurviveEverySweep() {
        SandboxManager manager = confirmed();
        rig.backend().create(request("other")).close();

        for (int i = 0; i < 3; i++) {
            graceIsOver();
            manager.cleanup().forceSweep();
        }
        assertThat(rig.provider.resources()).hasSize(1);
    }

    @Test
    void aCreateInFlightInAnotherJvmSurvivesASweep() {
        SandboxManager sweeping = confirmed();
        SandboxManager creating = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public dev.sandkeeper.spi.BackendSandbox create(ProvisionRequest request) {
                        dev.sandkeeper.spi.BackendSandbox made = super.create(request);
                        sweeping.cleanup().forceSweep();
                        graceIsOver();
                        sweeping.cleanup().forceSweep();
                        sweeping.cleanup().run();
                        return made;
                    }
                },
                Rig.manual().build());
        try (Sandbox sandbox = creating.create(SandboxSpec.builder().build())) {
            assertThat(sandbox.exec("true").exitCode()).isZero();
        }
    }

    @Test
    void aSweepThatWouldDestroyTooMuchStopsUnlessForced() {
        SandboxManager manager = confirmed();
        for (int i = 0; i < 11; i++) {
            rig.backend().create(request("rig")).close();
        }
        manager.cleanup().sweep();
        graceIsOver();
        assertThat(manager.cleanup().sweep().stopped()).isEqualTo(1);
        assertThat(rig.provider.resources()).hasSize(11);
        assertThat(rig.events(SandboxEvent.SweepStopped.class))
                .singleElement()
                .satisfies(stop -> assertThat(stop.orphans()).isEqualTo(11));

        assertThat(manager.cleanup().forceSweep().destroyed()).isEqualTo(11);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void anEmptiedStoreUnderTheSameIdDestroysNothingUntilConfirmed() {
        SandboxManager first = confirmed();
        Sandbox sandbox = first.create(SandboxSpec.builder().build()).detach();

        try (SandboxManager emptied = SandboxManager.builder()
                .backend(rig.backend())
                .store(SandboxStore.builder().inMemory().deployment("rig").open())
                .cleanup(Rig.manual().build())
                .listener(rig.events::add)
                .build()) {
            emptied.cleanup().sweep();
            emptied.create(SandboxSpec.builder().build());
            for (int i = 0; i < 3; i++) {
                graceIsOver();
                assertThat(emptied.cleanup().forceSweep().stopped()).isEqualTo(1);
            }
            assertThat(sandbox.exec("true").exitCode()).isZero();
            assertThat(rig.events(SandboxEvent.SweepStopped.class))
                    .isNotEmpty()
                    .allSatisfy(stop -> assertThat(stop.reason()).contains("\"rig\""));
        }
        try (SandboxManager confirmed = SandboxManager.builder()
                .backend(rig.backend())
                .store(SandboxStore.builder()
                        .inMemory()
                        .deployment("rig")
                        .confirmDeployment()
                        .open())
                .cleanup(Rig.manual().build())
                .build()) {
            confirmed.cleanup().sweep();
            graceIsOver();
            assertThat(confirmed.cleanup().sweep().destroyed()).isEqualTo(2);
        }
    }

    @Test
    void aVanishedSandboxIsArchivedOnceItsProviderSaysSoOfItAlone() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        rig.provider.lose(rig.provider.resources().get(0).providerRef());

        assertThat(manager.cleanup().sweep().ghosts()).isEqualTo(1);
        assertThat(manager.find(sandbox.id()).orElseThrow().endPolicy()).contains("vanished");
        assertThat(rig.events(SandboxEvent.Ghost.class)).hasSize(1);
        sandbox.close();
    }

    @Test
    void anIncompleteOrLyingListProvesNothingAbsent() {
        Sandbox sandbox;
        SandboxManager incomplete = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public OwnedListing listOwned(String deployment) {
                        return new OwnedListing(java.util.List.of(), false);
                    }
                },
                Rig.manual().build());
        sandbox = incomplete.create(SandboxSpec.builder().build());
        assertThat(incomplete.cleanup().sweep().ghosts()).isZero();

        SandboxManager lying = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public OwnedListing listOwned(String deployment) {
                        return new OwnedListing(java.util.List.of(), true);
                    }
                },
                Rig.manual().build());
        assertThat(lying.cleanup().sweep().ghosts()).isZero();

        SandboxManager silent = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public OwnedListing listOwned(String deployment) {
                        return new OwnedListing(java.util.List.of(), true);
                    }

                    @Override
                    public ProviderState state(String providerRef) {
                        return ProviderState.UNKNOWN;
                    }
                },
                Rig.manual().build());
        assertThat(silent.cleanup().sweep().ghosts()).isZero();
        assertThat(incomplete.find(sandbox.id()).orElseThrow().state()).isEqualTo(SandboxState.ACTIVE);
        sandbox.close();
    }

    @Test
    void theEngineSweepsByItselfAtTheStartAndAgainAfterTheGrace() {
        confirmed();
        rig.backend().create(request("rig")).close();
        rig.manager(
                backend -> backend,
                CleanupSettings.builder().sweepGrace(Duration.ofMillis(50)).build());
        await().until(() -> rig.provider.resources().isEmpty());
    }
}

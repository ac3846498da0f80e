package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Command;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Retention;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxProcess;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.testkit.ForwardingBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EngineTest {
    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void endsWhatHasOutlivedItsTimeAndNothingElse() {
        SandboxManager manager = rig.manager();
        Sandbox brief = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        Sandbox daily = manager.create(SandboxSpec.builder().build());
        Sandbox weekly = manager.create(
                SandboxSpec.builder().retention(Retention.EXTENDED).build());
        Sandbox permanent = manager.create(
                SandboxSpec.builder().retention(Retention.PERMANENT).build());

        rig.clock.advance(Duration.ofSeconds(59));
        assertThat(manager.cleanup().run().cleaned()).isZero();
        rig.clock.advance(Duration.ofSeconds(2));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(brief.id()).orElseThrow().endPolicy()).contains("time_to_live");
        assertThatThrownBy(() -> brief.exec("true"))
                .isInstanceOf(SandboxGoneException.class)
                .hasMessageContaining("time to live was over");
        rig.clock.advance(Duration.ofHours(24));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(daily.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        rig.clock.advance(Duration.ofDays(6));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(weekly.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        rig.clock.advance(Duration.ofDays(3000));
        assertThat(manager.cleanup().run().cleaned()).isZero();
        assertThat(permanent.exec("true").exitCode()).isZero();
        assertThat(rig.events(SandboxEvent.Expired.class)).hasSize(3);
        permanent.destroy();
    }

    @Test
    void endsTheIdleOneAndNotTheBusyOne() {
        // Two managers as in two JVMs: the engine of one must not end what the other one uses.
        SandboxManager cleaner = rig.manager();
        SandboxManager user = rig.manager();
        SandboxSpec spec =
                SandboxSpec.builder().idleTimeout(Duration.ofMillis(400)).build();
        Sandbox idle = user.create(spec);
        Sandbox busy = user.create(spec);
        SandboxProcess process = busy.start(Command.of("sleep", "600"));

        for (int i = 0; i < 20; i++) {
            // The beat runs in real time; the store's clock moves only after the beat has told of the command.
            await().until(() ->
                    user.find(busy.id()).orElseThrow().lastActiveAt().equals(rig.clock.instant()));
            rig.clock.advance(Duration.ofMillis(100));
            cleaner.cleanup().run();
        }
        assertThat(user.find(idle.id()).orElseThrow().endPolicy()).contains("idle");
        assertThat(process.isAlive()).isTrue();
        assertThatThrownBy(() -> {
                    rig.clock.advance(Duration.ofMillis(1));
                    await().until(() -> {
                        idle.exec("true");
                        return false;
                    });
                })
                .isInstanceOf(SandboxGoneException.class);

        process.close();
        await().until(() -> !process.isAlive());
        await().until(() -> {
            rig.clock.advance(Duration.ofMillis(100));
            cleaner.cleanup().run();
            return rig.provider.resources().isEmpty();
        });
    }

    @Test
    void anAbandonedCreateIsCleanedWhenItsLeaseLapses() {
        SandboxId id = SandboxId.generate(1);
        SandboxManager manager = rig.manager();
        rig.store()
                .rows()
                .insert(dev.sandkeeper.internal.SandboxRow.create(new dev.sandkeeper.internal.SandboxRow.Creation(
                                id,
                                "memory",
                                Retention.DEFAULT,
                                dev.sandkeeper.Lifetime.STORE,
                                null,
                                null,
                                "{}",
                                java.util.Map.of(),
                                "dead/1/x",
                                rig.clock.instant()))
                        .lease("dead/1/x", rig.clock.instant().plusSeconds(60))
                        .dueAt(rig.clock.instant().plusSeconds(60))
                        .build());
        rig.backend()
                .create(new dev.sandkeeper.spi.ProvisionRequest(
                        "rig",
                        id,
                        rig.clock.instant(),
                        null,
                        SandboxSpec.builder().build(),
                        java.util.Map.of(),
                        message -> {}))
                .close();

        rig.clock.advance(Duration.ofSeconds(59));
        manager.cleanup().run();
        assertThat(rig.provider.resources()).hasSize(1);
        rig.clock.advance(Duration.ofSeconds(2));
        manager.cleanup().run();
        assertThat(rig.provider.resources()).isEmpty();
        rig.clock.advance(Duration.ofSeconds(31));
        manager.cleanup().run();
        assertThat(manager.find(id).orElseThrow().endPolicy()).contains("provisioning");
    }

    @Test
    void aFailingProviderIsTriedAgainWithBackoffForEverAndToldOfAsStuck() {
        AtomicInteger calls = new AtomicInteger();
        SandboxManager manager = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public void destroy(String providerRef) {
                        if (calls.incrementAndGet() <= 12) {
                            throw new BackendUnavailableException(Failure.of("down", "the provider is down"));
                        }
                        super.destroy(providerRef);
                    }
                },
                Rig.manual().stuckAfter(10).build());
        Sandbox sandbox = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        rig.clock.advance(Duration.ofMinutes(2));

        CleanupReport first = manager.cleanup().run();
        assertThat(first.failed()).isEqualTo(1);
        assertThat(first.problems().get(0).error()).contains("the provider is down");
        assertThat(manager.cleanup().run().processed())
                .as("not before its next attempt")
                .isZero();
        for (int i = 0; i < 12; i++) {
            rig.clock.advance(Duration.ofMinutes(6));
            manager.cleanup().run();
        }
        assertThat(manager.find(sandbox.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        assertThat(manager.find(sandbox.id()).orElseThrow().cleanupAttempts()).isEqualTo(12);
        assertThat(rig.events(SandboxEvent.CleanupFailed.class)).hasSize(12);
        assertThat(rig.events(SandboxEvent.CleanupFailed.class).stream().filter(SandboxEvent.CleanupFailed::stuck))
                .hasSize(3);
        sandbox.close();
    }

    @Test
    void aProviderThatSaysDestroyedAndLiesIsNotBelieved() {
        AtomicInteger calls = new AtomicInteger();
        SandboxManager manager = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public void destroy(String providerRef) {
                        if (calls.incrementAndGet() > 1) {
                            super.destroy(providerRef);
                        }
                    }
                },
                Rig.manual().build());
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        assertThatThrownBy(sandbox::destroy).hasMessageContaining("still has it (" + ProviderState.PRESENT);
        rig.clock.advance(Duration.ofSeconds(2));
        manager.cleanup().run();
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void aPolicyOrListenerThatThrowsStopsNothing() {
        SandboxManager manager = rig.manager(
                backend -> backend,
                Rig.manual().build(),
                builder -> builder.listener(event -> {
                            throw new IllegalStateException("listener");
                        })
                        .policy((sandbox, now) -> {
                            if (sandbox.labels().containsKey("broken")) {
                                throw new IllegalStateException("policy");
                            }
                            return dev.sandkeeper.cleanup.CleanupPolicy.timeToLive()
                                    .decide(sandbox, now);
                        }));
        Sandbox broken = manager.create(SandboxSpec.builder()
                .label("broken", "yes")
                .timeToLive(Duration.ofMinutes(1))
                .build());
        Sandbox sound = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        rig.clock.advance(Duration.ofMinutes(20));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(sound.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        assertThat(broken.exec("true").exitCode()).isZero();
        broken.close();
        sound.close();
    }

    @Test
    void aCleanerThatStalledBeyondItsLeaseWritesNothing() throws InterruptedException {
        CountDownLatch inDestroy = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        SandboxManager stalled = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public void destroy(String providerRef) {
                        inDestroy.countDown();
                        awaitUninterruptibly(goOn);
                        super.destroy(providerRef);
                    }
                },
                // Its beat is real time; the lease is over by the store's clock at once.
                Rig.manual().lease(Duration.ofMinutes(5)).build());
        SandboxManager other = rig.manager();
        Sandbox sandbox = stalled.create(SandboxSpec.builder().build());
        Thread destroying = new Thread(() -> {
            try {
                sandbox.destroy();
            } catch (SandboxException e) {
                // Told by the history below.
            }
        });
        destroying.start();
        assertThat(inDestroy.await(5, TimeUnit.SECONDS)).isTrue();
        rig.clock.advance(Duration.ofMinutes(6));
        assertThat(other.cleanup().run().cleaned()).isEqualTo(1);
        goOn.countDown();
        destroying.join(5000);

        assertThat(rig.store()
                        .rows()
                        .findHistory(sandbox.id())
                        .orElseThrow()
                        .last()
                        .fence())
                .isEqualTo(2);
        assertThat(rig.events(SandboxEvent.Destroyed.class)).hasSize(1);
    }

    @Test
    void severalManagersShareTheWorkAndRenewalsWinOrLoseCleanly() throws Exception {
        List<SandboxManager> managers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            managers.add(rig.manager());
        }
        List<SandboxId> ids = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            ids.add(managers.get(i % 3)
                    .create(SandboxSpec.builder()
                            .timeToLive(Duration.ofMinutes(1))
                            .build())
                    .detach()
                    .id());
        }
        rig.clock.advance(Duration.ofMinutes(2));
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<List<SandboxId>>> tasks = new ArrayList<>();
            for (SandboxManager manager : managers) {
                tasks.add(() -> {
                    manager.cleanup().run();
                    return List.of();
                });
            }
            for (int t = 0; t < 4; t++) {
                Random random = new Random(t);
                tasks.add(() -> {
                    List<SandboxId> renewed = new ArrayList<>();
                    for (int i = 0; i < 40; i++) {
                        SandboxId id = ids.get(random.nextInt(ids.size()));
                        try {
                            managers.get(0).renew(id, Duration.ofHours(1));
                            renewed.add(id);
                        } catch (SandboxGoneException e) {
                            // Lost against a cleaner.
                        }
                    }
                    return renewed;
                });
            }
            List<SandboxId> renewed = new ArrayList<>();
            for (Future<List<SandboxId>> task : threads.invokeAll(tasks)) {
                renewed.addAll(task.get());
            }
            for (SandboxId id : renewed) {
                assertThat(managers.get(1).find(id).orElseThrow().state()).isEqualTo(SandboxState.ACTIVE);
            }
            assertThat(rig.provider.resources())
                    .extracting(InMemoryProvider.Witnessed::sandboxId)
                    .containsExactlyInAnyOrderElementsOf(java.util.Set.copyOf(renewed));
        } finally {
            threads.shutdownNow();
        }
        rig.clock.advance(Duration.ofHours(2));
        managers.get(2).cleanup().run();
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void aThousandQuickPairsFromEightThreadsLeaveNothing() throws Exception {
        SandboxManager manager =
                rig.manager(backend -> backend, CleanupSettings.builder().build());
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                tasks.add(() -> {
                    for (int i = 0; i < 125; i++) {
                        manager.create(SandboxSpec.builder().build()).close();
                    }
                    return null;
                });
            }
            for (Future<Void> task : threads.invokeAll(tasks)) {
                task.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(rig.provider.resources()).isEmpty();
        assertThat(manager.list(SandboxQuery.all()).sandboxes()).isEmpty();
        assertThat(rig.events(SandboxEvent.Destroyed.class)).hasSize(1000);
    }

    @Test
    void theEngineEndsByItselfWithinFiveSecondsOfTheDueTime() {
        Rig real = rig;
        SandboxManager manager =
                real.manager(backend -> backend, CleanupSettings.builder().build());
        manager.create(SandboxSpec.builder().timeToLive(Duration.ofSeconds(60)).build());
        // Another JVM's row: this engine has not been told of it.
        real.manager()
                .create(SandboxSpec.builder().timeToLive(Duration.ofSeconds(30)).build());
        real.clock.advance(Duration.ofSeconds(31));
        await().atMost(Duration.ofSeconds(5))
                .until(() -> real.provider.resources().size() == 1);
        real.clock.advance(Duration.ofSeconds(31));
        await().atMost(Duration.ofSeconds(5))
                .until(() -> real.provider.resources().isEmpty());
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean done = false;
        while (!done) {
            try {
                latch.await();
                done = true;
            } catch (InterruptedException e) {
                // A provider that cannot be interrupted.
            }
        }
    }
}

package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.CleanupPolicy;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.cleanup.CleanupRequest;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.Decision;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Policies of the host, good and bad, and those that pause. */
class HostPolicyTest {
    private static final SandboxSpec SLEEPY =
            SandboxSpec.builder().idleTimeout(Duration.ofMinutes(1)).build();

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    private SandboxManager manager(CleanupPolicy policy) {
        return rig.manager(UnaryOperator.identity(), Rig.manual().build(), builder -> builder.policy(policy));
    }

    @Test
    void oneThatBlocksHoldsNothingUp() {
        CountDownLatch never = new CountDownLatch(1);
        CleanupPolicy blocking = CleanupPolicy.forLabel("bad", "1", (sandbox, now) -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return new Decision.Destroy("late", "nobody waits for this");
        });
        SandboxManager manager = manager(CleanupPolicy.anyOf(blocking, CleanupPolicy.timeToLive()));
        Sandbox bad = manager.create(SandboxSpec.builder().label("bad", "1").build());
        Sandbox good = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        rig.clock.advance(Duration.ofMinutes(11));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(good.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        assertThat(bad.exec("true").exitCode()).isZero();
        never.countDown();
    }

    @Test
    void oneThatAnswersNullKeepsTheSandbox() {
        SandboxManager manager = manager((sandbox, now) -> null);
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        rig.clock.advance(Duration.ofDays(1));
        assertThat(manager.cleanup().run().cleaned()).isZero();
        assertThat(sandbox.exec("true").exitCode()).isZero();
    }

    @Test
    void oneThatWantsToBeAskedInThePastIsNotAskedOverAndOver() {
        AtomicInteger asked = new AtomicInteger();
        CleanupPolicy lying = (sandbox, now) -> {
            asked.incrementAndGet();
            return new Decision.Keep(now.minusSeconds(1000), "ask me yesterday");
        };
        SandboxManager manager = rig.manager(
                UnaryOperator.identity(),
                CleanupSettings.builder().lookInterval(Duration.ofMillis(10)).build(),
                builder -> builder.policy(lying));
        manager.create(SandboxSpec.builder().build());
        // the store's clock stands still: a second never passes
        await().until(() -> asked.get() > 0);
        await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        assertThat(asked.get()).isLessThan(5);
    }

    @Test
    void pausesWhatIsIdleAndEndsItAtLast() {
        SandboxManager manager =
                manager(CleanupPolicy.anyOf(CleanupPolicy.timeToLive(), CleanupPolicy.pausing(CleanupPolicy.idle())));
        SandboxId id = manager.create(SLEEPY).id();
        rig.clock.advance(Duration.ofMinutes(1));
        CleanupReport planned =
                manager.cleanup().run(CleanupRequest.builder().dryRun().build());
        assertThat(planned.planned())
                .singleElement()
                .satisfies(plan -> assertThat(plan.action()).isEqualTo("pause"));
        CleanupReport report = manager.cleanup().run();
        assertThat(report.paused()).isEqualTo(1);
        assertThat(report.cleaned()).isZero();
        assertThat(manager.find(id).orElseThrow().state()).isEqualTo(SandboxState.PAUSED);
        assertThat(manager.find(id).orElseThrow().audit()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("paused");
            assertThat(entry.detail()).startsWith("policy idle: nothing happened");
        });
        rig.clock.advance(Duration.ofHours(2));
        assertThat(manager.cleanup().run().paused()).as("it is paused already").isZero();
        rig.clock.advance(Duration.ofDays(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(id).orElseThrow().endPolicy()).contains("time_to_live");
    }

    @Test
    void endsWhatCannotBePaused() {
        SandboxManager manager = rig.manager(
                backend -> InMemoryBackend.builder(rig.provider)
                        .without(Capability.PAUSE)
                        .build(),
                Rig.manual().build(),
                builder -> builder.policy(CleanupPolicy.pausing(CleanupPolicy.idle())));
        SandboxId id = manager.create(SLEEPY).id();
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(id).orElseThrow().endReason())
                .hasValueSatisfying(reason -> assertThat(reason).endsWith("it cannot be paused"));
    }

    @Test
    void endsWhatMustNotOutliveItsJvmInsteadOfPausingIt() {
        SandboxManager manager = manager(CleanupPolicy.pausing(CleanupPolicy.idle()));
        manager.create(SandboxSpec.builder()
                .idleTimeout(Duration.ofMinutes(1))
                .lifetime(Lifetime.PROCESS)
                .build());
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
    }

    @Test
    void aPauseThatHangsIsFoundOutAboutLater() {
        FaultPlan plan = FaultPlan.create();
        SandboxManager manager = rig.manager(
                backend -> FaultInjectingBackend.of(backend, plan),
                Rig.manual().providerTimeout(Duration.ofSeconds(3)).build(),
                builder -> builder.policy(CleanupPolicy.pausing(CleanupPolicy.idle())));
        Sandbox sandbox = manager.create(SLEEPY);
        rig.clock.advance(Duration.ofMinutes(1));
        plan.next(FaultPlan.Operation.PAUSE, Fault.of(Fault.Kind.HANG));
        assertThat(manager.cleanup().run().failed()).isEqualTo(1);
        assertThat(manager.find(sandbox.id()).orElseThrow().state()).isEqualTo(SandboxState.ACTIVE);
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().paused()).isEqualTo(1);
    }
}

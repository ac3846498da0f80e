package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.CleanupPolicy;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Another policy than before is heard soon, and not only when each sandbox is due. No time passes in the store here. */
class ReviewTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    private SandboxManager manager(CleanupPolicy policy, CleanupSettings.Builder settings) {
        return rig.manager(UnaryOperator.identity(), settings.build(), builder -> builder.policy(policy));
    }

    private static CleanupSettings.Builder automatic() {
        return CleanupSettings.builder().lookInterval(Duration.ofMillis(50)).batch(3);
    }

    /** As a host's own: not known to answer without asking anybody. */
    private static CleanupPolicy ends(String label) {
        return (SandboxInfo sandbox, Instant now) -> sandbox.labels().containsKey(label)
                ? new Decision.Destroy("campaign", "it is over")
                : new Decision.Keep(Instant.MAX, "");
    }

    private static List<SandboxId> create(SandboxManager manager, String label, int count) {
        List<SandboxId> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Sandbox sandbox =
                    manager.create(SandboxSpec.builder().label(label, "").build());
            sandbox.detach();
            ids.add(sandbox.id());
        }
        return ids;
    }

    private long version(SandboxId id) {
        return rig.store().rows().find(id).orElseThrow().version();
    }

    @Test
    void jvmsThatStartWithAnotherPolicyEndWhatItWantsEndedAndTouchNothingElse() {
        SandboxManager old = manager(CleanupPolicy.timeToLive(), Rig.manual());
        List<SandboxId> stay = create(old, "stay", 4);
        List<SandboxId> go = create(old, "go", 7);
        List<Long> versions = stay.stream().map(this::version).toList();

        for (int jvm = 0; jvm < 3; jvm++) {
            manager(ends("go"), automatic());
        }
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(go)
                        .allSatisfy(id ->
                                assertThat(old.find(id).orElseThrow().state()).isEqualTo(SandboxState.CLEANED)));
        assertThat(go)
                .allSatisfy(
                        id -> assertThat(old.find(id).orElseThrow().endReason()).contains("it is over"));
        assertThat(stay.stream().map(this::version).toList()).isEqualTo(versions);
    }

    @Test
    void aBuiltInPolicyThatIsStricterIsHeardAtItsTime() {
        SandboxManager old = manager(CleanupPolicy.timeToLive(), Rig.manual());
        SandboxId id = create(old, "any", 1).get(0);
        manager(CleanupPolicy.maximumAge(Duration.ofMinutes(3)), automatic());
        Instant end = rig.clock.instant().plus(Duration.ofMinutes(3));
        await().atMost(PATIENCE)
                .until(() -> rig.store().rows().find(id).orElseThrow().dueAt().equals(end));
        rig.clock.advance(Duration.ofMinutes(3));
        await().atMost(PATIENCE).until(() -> old.find(id).orElseThrow().state() == SandboxState.CLEANED);
    }

    @Test
    void reviewsOnRequestAndTellsHowManyAreDueEarlier() {
        AtomicBoolean over = new AtomicBoolean();
        CleanupPolicy quota = (sandbox, now) ->
                over.get() ? new Decision.Destroy("quota", "used up") : new Decision.Keep(Instant.MAX, "");
        SandboxManager manager = manager(quota, Rig.manual().batch(2));
        List<SandboxId> ids = create(manager, "any", 5);
        manager.cleanup().run();
        assertThat(manager.cleanup().review()).isZero();
        assertThat(manager.cleanup().run().processed()).isZero();
        over.set(true);
        assertThat(manager.cleanup().review()).isEqualTo(ids.size());
        assertThat(manager.cleanup().review()).as("what is due is left alone").isZero();
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(ids.size());
    }
}

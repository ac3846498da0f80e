package dev.sandkeeper.cleanup;

import static dev.sandkeeper.cleanup.CleanupPolicy.allOf;
import static dev.sandkeeper.cleanup.CleanupPolicy.anyOf;
import static dev.sandkeeper.cleanup.CleanupPolicy.budget;
import static dev.sandkeeper.cleanup.CleanupPolicy.forLabel;
import static dev.sandkeeper.cleanup.CleanupPolicy.forOwner;
import static dev.sandkeeper.cleanup.CleanupPolicy.idle;
import static dev.sandkeeper.cleanup.CleanupPolicy.maximumAge;
import static dev.sandkeeper.cleanup.CleanupPolicy.not;
import static dev.sandkeeper.cleanup.CleanupPolicy.ownerGone;
import static dev.sandkeeper.cleanup.CleanupPolicy.pausing;
import static dev.sandkeeper.cleanup.CleanupPolicy.timeToLive;
import static dev.sandkeeper.cleanup.CleanupPolicy.unhealthy;
import static dev.sandkeeper.cleanup.CleanupPolicy.workflowOutcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxState;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each policy says, in tables: of a sandbox that was created at START, at a time after that. */
class CleanupPolicyTest {
    private static final Instant START = Instant.parse("2030-01-01T00:00:00Z");
    private static final CleanupPolicy KEEP = (sandbox, now) -> new Decision.Keep(now.plusSeconds(60), "kept");
    private static final CleanupPolicy KEEP_LONGER = (sandbox, now) -> new Decision.Keep(now.plusSeconds(90), "longer");
    private static final CleanupPolicy DESTROY = (sandbox, now) -> new Decision.Destroy("mine", "because");
    private static final CleanupPolicy PAUSE = (sandbox, now) -> new Decision.Pause("sleepy", "night");

    /**
     * A line of the table.
     *
     * @param after seconds after START
     * @param expected {@code destroy <policy>: <reason>}, {@code pause ...} or {@code keep <seconds after START>}
     */
    record Line(CleanupPolicy policy, SandboxInfo sandbox, long after, String expected) {
        @Override
        public String toString() {
            return "after " + after + " s: " + expected;
        }
    }

    private static SandboxInfo.Builder sandbox() {
        return SandboxInfo.builder(SandboxId.generate(1), "memory", START).lastActiveAt(START);
    }

    static Stream<Line> timesAndIdleness() {
        SandboxInfo mortal = sandbox().expiresAt(START.plusSeconds(10)).build();
        SandboxInfo idle = sandbox().idleTimeout(Duration.ofSeconds(10)).build();
        SandboxInfo busy = sandbox()
                .idleTimeout(Duration.ofSeconds(10))
                .busyUntil(START.plusSeconds(30))
                .build();
        SandboxInfo active = sandbox()
                .idleTimeout(Duration.ofSeconds(10))
                .lastActiveAt(START.plusSeconds(5))
                .busyUntil(START.plusSeconds(7))
                .build();
        return Stream.of(
                new Line(timeToLive(), mortal, 9, "keep 10"),
                new Line(
                        timeToLive(),
                        mortal,
                        10,
                        "destroy time_to_live: its time to live was over at 2030-01-01T00:00:10Z"),
                new Line(timeToLive(), sandbox().build(), 1_000_000, "keep for ever"),
                new Line(idle(), idle, 9, "keep 10"),
                new Line(idle(), idle, 10, "destroy idle: nothing happened in it since 2030-01-01T00:00:00Z"),
                new Line(idle(), busy, 29, "keep 30"),
                new Line(idle(), busy, 30, "destroy idle: nothing happened in it since 2030-01-01T00:00:00Z"),
                new Line(idle(), active, 14, "keep 15"),
                new Line(idle(), sandbox().build(), 1_000_000, "keep for ever"),
                new Line(maximumAge(Duration.ofMinutes(1)), mortal, 59, "keep 60"),
                new Line(maximumAge(Duration.ofMinutes(1)), mortal, 60, "destroy maximum_age: it is older than PT1M"),
                // 0.36 an hour is 0.0001 a second
                new Line(budget(new BigDecimal("0.36"), new BigDecimal("0.01")), mortal, 99, "keep 100"),
                new Line(
                        budget(new BigDecimal("0.36"), new BigDecimal("0.01")),
                        mortal,
                        100,
                        "destroy budget: at 0.36 an hour it has cost 0.01"),
                new Line(budget(new BigDecimal("1e-9"), new BigDecimal("1e9")), mortal, 1000, "keep 3153600000"));
    }

    static Stream<Line> whatTheHostKnows() {
        SandboxInfo owned = sandbox().owner("ann").labels(Map.of("team", "a")).build();
        Set<String> good = Set.of("completed");
        return Stream.of(
                new Line(workflowOutcome(s -> Optional.empty(), good), owned, 1, "keep for ever"),
                new Line(workflowOutcome(s -> Optional.of("failed"), good), owned, 1, "keep for ever"),
                new Line(
                        workflowOutcome(s -> Optional.of("completed"), good),
                        owned,
                        1,
                        "destroy workflow: its workflow ended with completed"),
                new Line(ownerGone("ann"::equals), owned, 1, "keep for ever"),
                new Line(
                        ownerGone("bob"::equals),
                        owned,
                        1,
                        "destroy owner_gone: its owner ann does not exist any more"),
                new Line(ownerGone(owner -> false), sandbox().build(), 1, "keep for ever"),
                new Line(unhealthy(s -> true), owned, 1, "keep for ever"),
                new Line(unhealthy(s -> false), owned, 1, "destroy unhealthy: the host says that it is not healthy"),
                new Line(forLabel("team", "a", DESTROY), owned, 1, "destroy mine: because"),
                new Line(forLabel("team", "b", DESTROY), owned, 1, "keep for ever"),
                new Line(forLabel("team", "a", DESTROY), sandbox().build(), 1, "keep for ever"),
                new Line(forOwner("ann", DESTROY), owned, 1, "destroy mine: because"),
                new Line(forOwner("bob", DESTROY), owned, 1, "keep for ever"));
    }

    static Stream<Line> compositions() {
        SandboxInfo any = sandbox().build();
        SandboxInfo paused = sandbox().state(SandboxState.PAUSED).build();
        return Stream.of(
                new Line(anyOf(KEEP, KEEP_LONGER), any, 1, "keep 61"),
                new Line(anyOf(KEEP, DESTROY, PAUSE), any, 1, "destroy mine: because"),
                new Line(anyOf(PAUSE, DESTROY), any, 1, "pause sleepy: night"),
                new Line(allOf(KEEP, KEEP_LONGER, DESTROY), any, 1, "keep 91"),
                new Line(allOf(DESTROY, PAUSE), any, 1, "pause sleepy: night"),
                new Line(allOf(PAUSE, DESTROY), any, 1, "pause sleepy: night"),
                new Line(allOf(DESTROY, not(KEEP)), any, 1, "destroy not: not: kept"),
                new Line(not(DESTROY), any, 1, "keep for ever"),
                new Line(not(PAUSE), any, 1, "keep for ever"),
                new Line(pausing(DESTROY), any, 1, "pause mine: because"),
                new Line(pausing(KEEP), any, 1, "keep 61"),
                new Line(pausing(DESTROY), paused, 1, "keep for ever"),
                new Line(anyOf(pausing(DESTROY), DESTROY), paused, 1, "destroy mine: because"));
    }

    @ParameterizedTest
    @MethodSource({"timesAndIdleness", "whatTheHostKnows", "compositions"})
    void says(Line line) {
        Decision decision = line.policy().decide(line.sandbox(), START.plusSeconds(line.after()));
        assertThat(text(decision)).isEqualTo(line.expected());
        assertThat(decision.reason()).isNotEmpty();
    }

    private static String text(Decision decision) {
        if (decision instanceof Decision.Destroy destroy) {
            return "destroy " + destroy.policy() + ": " + destroy.reason();
        }
        if (decision instanceof Decision.Pause pause) {
            return "pause " + pause.policy() + ": " + pause.reason();
        }
        Instant until = ((Decision.Keep) decision).until();
        return "keep "
                + (until.equals(Instant.MAX)
                        ? "for ever"
                        : Duration.between(START, until).toSeconds());
    }

    @Test
    void whatIsComposedOfPromptPoliciesIsPromptItselfAndNothingElseIs() {
        assertThat(List.of(
                        anyOf(timeToLive(), pausing(idle())),
                        allOf(not(forOwner("x", idle())), maximumAge(Duration.ofDays(1)))))
                .allMatch(Policies.Prompt.class::isInstance);
        assertThat(List.of(anyOf(timeToLive(), KEEP), pausing(KEEP), not(KEEP), ownerGone(owner -> true)))
                .noneMatch(Policies.Prompt.class::isInstance);
    }

    @Test
    void refusesWhatCannotBeMeant() {
        assertThatIllegalArgumentException().isThrownBy(() -> anyOf()).withMessageContaining("anyOf");
        assertThatIllegalArgumentException().isThrownBy(() -> allOf()).withMessageContaining("allOf");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> maximumAge(Duration.ZERO))
                .withMessageContaining("age must be more than 0: PT0S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> budget(BigDecimal.ONE, BigDecimal.ZERO))
                .withMessageContaining("more than 0: 1, 0");
        @Nullable String none = null;
        assertThatThrownBy(() -> new Decision.Destroy("policy", none)).isInstanceOf(NullPointerException.class);
    }
}

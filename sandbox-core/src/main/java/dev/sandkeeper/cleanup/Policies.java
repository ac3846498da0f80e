package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxState;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** The policies behind {@link CleanupPolicy}'s own methods. */
final class Policies {
    private static final BigDecimal MILLIS_PER_HOUR = BigDecimal.valueOf(3_600_000);

    private Policies() {}

    /** One that asks nobody, so that it needs no thread to be waited for. */
    @FunctionalInterface
    interface Prompt extends CleanupPolicy {}

    static Prompt timeToLive() {
        return (sandbox, now) -> {
            Instant end = sandbox.expiresAt().orElse(Instant.MAX);
            return now.isBefore(end)
                    ? new Decision.Keep(end, "lives until " + end)
                    : new Decision.Destroy("time_to_live", "its time to live was over at " + end);
        };
    }

    static Prompt idle() {
        return (sandbox, now) -> {
            Duration timeout = sandbox.idleTimeout().orElse(null);
            if (timeout == null) {
                return new Decision.Keep(Instant.MAX, "may be idle for ever");
            }
            Instant idleEnd = sandbox.lastActiveAt().plus(timeout);
            Instant busyUntil = sandbox.busyUntil().orElse(idleEnd);
            Instant end = busyUntil.isAfter(idleEnd) ? busyUntil : idleEnd;
            return now.isBefore(end)
                    ? new Decision.Keep(end, "last active " + sandbox.lastActiveAt())
                    : new Decision.Destroy("idle", "nothing happened in it since " + sandbox.lastActiveAt());
        };
    }

    static Prompt maximumAge(Duration age) {
        if (age.isZero() || age.isNegative()) {
            throw new IllegalArgumentException("age must be more than 0: " + age);
        }
        return (sandbox, now) -> {
            Instant end = sandbox.createdAt().plus(age);
            return now.isBefore(end)
                    ? new Decision.Keep(end, "is not older than " + age + " until " + end)
                    : new Decision.Destroy("maximum_age", "it is older than " + age);
        };
    }

    static Prompt budget(BigDecimal pricePerHour, BigDecimal most) {
        if (pricePerHour.signum() <= 0 || most.signum() <= 0) {
            throw new IllegalArgumentException(
                    "pricePerHour and most must be more than 0: " + pricePerHour + ", " + most);
        }
        BigDecimal millis = most.multiply(MILLIS_PER_HOUR).divide(pricePerHour, 0, RoundingMode.CEILING);
        long affordable = millis.min(BigDecimal.valueOf(Duration.ofDays(36_500).toMillis()))
                .longValueExact();
        return (sandbox, now) -> {
            Instant end = sandbox.createdAt().plusMillis(affordable);
            return now.isBefore(end)
                    ? new Decision.Keep(end, "is paid until " + end)
                    : new Decision.Destroy("budget", "at " + pricePerHour + " an hour it has cost " + most);
        };
    }

    static CleanupPolicy workflowOutcome(Function<SandboxInfo, Optional<String>> statusOf, Set<String> successful) {
        Objects.requireNonNull(statusOf, "statusOf");
        Set<String> good = Set.copyOf(successful);
        return (sandbox, now) -> {
            String status = statusOf.apply(sandbox).orElse(null);
            if (status == null) {
                return new Decision.Keep(Instant.MAX, "its workflow has not ended");
            }
            return good.contains(status)
                    ? new Decision.Destroy("workflow", "its workflow ended with " + status)
                    : new Decision.Keep(Instant.MAX, "its workflow ended with " + status);
        };
    }

    static CleanupPolicy ownerGone(Predicate<String> exists) {
        Objects.requireNonNull(exists, "exists");
        return (sandbox, now) -> {
            String owner = sandbox.owner().orElse(null);
            return owner == null || exists.test(owner)
                    ? new Decision.Keep(Instant.MAX, owner == null ? "has no owner" : "its owner exists")
                    : new Decision.Destroy("owner_gone", "its owner " + owner + " does not exist any more");
        };
    }

    static CleanupPolicy unhealthy(Predicate<SandboxInfo> check) {
        Objects.requireNonNull(check, "check");
        return (sandbox, now) -> check.test(sandbox)
                ? new Decision.Keep(Instant.MAX, "is healthy")
                : new Decision.Destroy("unhealthy", "the host says that it is not healthy");
    }

    static CleanupPolicy pausing(CleanupPolicy policy) {
        CleanupPolicy pausing = (sandbox, now) -> {
            if (sandbox.state() == SandboxState.PAUSED) {
                return new Decision.Keep(Instant.MAX, "is paused");
            }
            Decision decision = policy.decide(sandbox, now);
            return decision instanceof Decision.Destroy destroy
                    ? new Decision.Pause(destroy.policy(), destroy.reason())
                    : decision;
        };
        return asPromptAs(List.of(policy), pausing);
    }

    static CleanupPolicy anyOf(List<CleanupPolicy> policies) {
        refuseNone("anyOf", policies);
        return asPromptAs(policies, (sandbox, now) -> {
            Decision.Keep first = new Decision.Keep(Instant.MAX, "");
            for (CleanupPolicy policy : policies) {
                Decision decision = policy.decide(sandbox, now);
                if (!(decision instanceof Decision.Keep keep)) {
                    return decision;
                }
                if (first.reason().isEmpty() || keep.until().isBefore(first.until())) {
                    first = keep;
                }
            }
            return first;
        });
    }

    static CleanupPolicy allOf(List<CleanupPolicy> policies) {
        refuseNone("allOf", policies);
        return asPromptAs(policies, (sandbox, now) -> {
            Decision.Keep last = null;
            Decision.Pause pause = null;
            Decision strongest = new Decision.Keep(Instant.MAX, "");
            for (CleanupPolicy policy : policies) {
                Decision decision = policy.decide(sandbox, now);
                if (decision instanceof Decision.Keep keep) {
                    last = last == null || keep.until().isAfter(last.until()) ? keep : last;
                } else if (decision instanceof Decision.Pause paused) {
                    pause = paused;
                }
                strongest = decision;
            }
            return last != null ? last : pause != null ? pause : strongest;
        });
    }

    static CleanupPolicy not(CleanupPolicy policy) {
        return asPromptAs(List.of(policy), (sandbox, now) -> {
            Decision decision = policy.decide(sandbox, now);
            return decision instanceof Decision.Keep
                    ? new Decision.Destroy("not", "not: " + decision.reason())
                    : new Decision.Keep(Instant.MAX, "not: " + decision.reason());
        });
    }

    static CleanupPolicy where(Predicate<SandboxInfo> condition, String otherwise, CleanupPolicy policy) {
        return asPromptAs(
                List.of(policy),
                (sandbox, now) -> condition.test(sandbox)
                        ? policy.decide(sandbox, now)
                        : new Decision.Keep(Instant.MAX, otherwise));
    }

    /** What is composed of prompt ones alone is prompt itself. */
    private static CleanupPolicy asPromptAs(List<CleanupPolicy> parts, CleanupPolicy composed) {
        Prompt prompt = composed::decide;
        return parts.stream().allMatch(Prompt.class::isInstance) ? prompt : composed;
    }

    private static void refuseNone(String what, List<CleanupPolicy> policies) {
        if (policies.isEmpty()) {
            throw new IllegalArgumentException(what + " needs at least one policy");
        }
    }
}

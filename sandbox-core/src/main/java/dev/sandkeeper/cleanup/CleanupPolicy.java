package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Decides whether a sandbox must go: a pure function of what the store knows of it and of the store's time. It is asked
 * when the sandbox is due, on a thread of the engine; what it throws is logged and the sandbox is asked about again later.
 */
@FunctionalInterface
public interface CleanupPolicy {
    /**
     * Decides.
     *
     * @param sandbox what the store knows
     * @param now the store's time
     * @return what to do
     */
    Decision decide(SandboxInfo sandbox, Instant now);

    /**
     * Ends a sandbox when its time to live is over.
     *
     * @return the policy {@code time_to_live}
     */
    static CleanupPolicy timeToLive() {
        return (sandbox, now) -> {
            Instant end = sandbox.expiresAt().orElse(Instant.MAX);
            return now.isBefore(end)
                    ? new Decision.Keep(end, "lives until " + end)
                    : new Decision.Destroy("time_to_live", "its time to live was over at " + end);
        };
    }

    /**
     * Ends a sandbox that was without activity for its own idle timeout. One without such a timeout is kept.
     *
     * @return the policy {@code idle}
     */
    static CleanupPolicy idle() {
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

    /**
     * Ends a sandbox as soon as one of several policies says so, and asks again when the first of them wants to.
     *
     * @param policies asked in this order; at least one
     * @return the composed policy
     */
    static CleanupPolicy anyOf(CleanupPolicy... policies) {
        List<CleanupPolicy> all = List.of(policies);
        if (all.isEmpty()) {
            throw new IllegalArgumentException("anyOf needs at least one policy");
        }
        return (sandbox, now) -> {
            Decision.Keep first = null;
            for (CleanupPolicy policy : all) {
                Decision decision = policy.decide(sandbox, now);
                if (!(decision instanceof Decision.Keep keep)) {
                    return decision;
                }
                if (first == null || keep.until().isBefore(first.until())) {
                    first = keep;
                }
            }
            return first == null ? new Decision.Keep(Instant.MAX, "no policy") : first;
        };
    }
}

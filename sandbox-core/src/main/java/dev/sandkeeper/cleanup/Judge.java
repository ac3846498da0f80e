package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.ProviderEnd;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the policy, which may be the host's own: it may throw, block or lie, and the engine goes on. */
final class Judge {
    private static final Logger LOG = LoggerFactory.getLogger(Judge.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Of a policy that answers at once with a time that has passed. */
    private static final Duration EARLIEST = Duration.ofSeconds(1);
    /** How many calls may be stuck before a policy is not called any more until one of them returns. */
    private static final int MOST_STUCK = 16;

    private final CleanupPolicy policy;
    private final BoundedCalls calls;
    private final Duration reviewInterval;
    private final Map<String, SandboxBackend> backends;
    private final Semaphore open = new Semaphore(MOST_STUCK);

    Judge(CleanupPolicy policy, BoundedCalls calls, Duration reviewInterval, Map<String, SandboxBackend> backends) {
        this.policy = policy;
        this.calls = calls;
        this.reviewInterval = reviewInterval;
        this.backends = backends;
    }

    /** What the policy says of a row; keeps it if the policy says nothing of use. */
    Decision decide(SandboxRow row, Instant now) {
        try {
            Decision decision = policy instanceof Policies.Prompt ? policy.decide(Infos.of(row), now) : asked(row, now);
            if (decision == null) {
                throw new IllegalStateException("the policy answered null");
            }
            return decision;
        } catch (RuntimeException e) {
            LOG.error("the cleanup policy failed for sandbox {}; it is kept and asked about again", row.id(), e);
            return new Decision.Keep(now.plus(reviewInterval), "the policy failed");
        }
    }

    private Decision asked(SandboxRow row, Instant now) {
        if (!open.tryAcquire()) {
            throw new IllegalStateException(MOST_STUCK + " calls of the policy have not returned yet");
        }
        AtomicBoolean begun = new AtomicBoolean();
        try {
            return calls.call("ask the policy", PATIENCE, () -> {
                if (!begun.compareAndSet(false, true)) {
                    throw new IllegalStateException("nobody waits for the policy any more");
                }
                try {
                    return policy.decide(Infos.of(row), now);
                } finally {
                    open.release();
                }
            });
        } finally {
            if (begun.compareAndSet(false, true)) {
                open.release();
            }
        }
    }

    /**
     * When somebody must look at a row next that is about to be written: when the policy wants to be asked, and no later than
     * the next review. At once if that is not known without asking the host, for which nobody shall wait here.
     */
    Instant dueAt(SandboxRow row, Instant now) {
        return policy instanceof Policies.Prompt ? dueAt(row, decide(row, now), now) : now;
    }

    /** When somebody must look at a row next of which this was decided. */
    Instant dueAt(SandboxRow row, Decision decision, Instant now) {
        if (!(decision instanceof Decision.Keep keep)) {
            return now;
        }
        Instant review = now.plus(reviewInterval(row));
        Instant until = keep.until();
        if (until.isAfter(review)) {
            return review;
        }
        return until.isAfter(now) ? until : now.plus(EARLIEST);
    }

    /** Shorter where a provider keeps an end that is to be moved in time. */
    private Duration reviewInterval(SandboxRow row) {
        SandboxBackend backend = backends.get(row.backend());
        if (backend == null || row.state() != SandboxState.ACTIVE || !ProviderEnd.isKeptBy(backend)) {
            return reviewInterval;
        }
        Duration interval = ProviderEnd.interval(backend);
        return interval.compareTo(reviewInterval) < 0 ? interval : reviewInterval;
    }
}

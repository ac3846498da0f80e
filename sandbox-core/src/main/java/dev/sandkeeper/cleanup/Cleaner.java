package dev.sandkeeper.cleanup;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends one sandbox: claim, destroy, archive. Whatever happens in between may be repeated by anybody; what is written is
 * written under the claim's version or not at all.
 */
final class Cleaner {
    private static final Logger LOG = LoggerFactory.getLogger(Cleaner.class);

    /** How often a sandbox whose create may still take effect is looked for. */
    private static final Duration SETTLE_LOOK = Duration.ofSeconds(5);

    private final EngineContext context;
    private final SandboxRows rows;
    private final CleanupSettings settings;

    Cleaner(EngineContext context, CleanupSettings settings) {
        this.context = context;
        this.rows = context.rows();
        this.settings = settings;
    }

    /** How a cleaning that did not throw came out. */
    enum Outcome {
        /** Nothing is left and the history is written. */
        CLEANED,
        /** Nothing is there now; a create may still take effect, so it is looked for again. */
        SETTLING,
        /** Somebody else has taken it over. */
        LOST
    }

    /**
     * Takes the exclusive right to clean.
     *
     * @param seen the row by which it was decided; nothing is claimed if it has changed since
     * @param end why and by which policy; null to keep what the row says
     */
    Optional<SandboxRow> claim(SandboxRow seen, Decision.@Nullable Destroy end) {
        Instant now = rows.now();
        Instant until = now.plus(settings.lease());
        SandboxRow.Change next = seen.change()
                .state(SandboxState.CLEANING)
                .lease(context.jvm(), until)
                .fence(seen.fence() + 1)
                .claimedAt(seen.claimedAt() == null ? now : seen.claimedAt())
                .dueAt(until);
        if (end != null && seen.state() != SandboxState.CLEANING) {
            next.end(cut(end.reason(), 255), cut(end.policy(), 64), context.jvm());
        }
        if (seen.state() == SandboxState.PROVISIONING && seen.settledAt() == null) {
            Instant sent = seen.leaseUntil() == null || seen.leaseUntil().isBefore(now) ? now : seen.leaseUntil();
            SandboxBackend backend = context.backends().get(seen.backend());
            next.settledAt(sent.plus(backend == null ? Duration.ofMinutes(1) : backend.createSettlesWithin()));
        }
        Optional<SandboxRow> claimed = rows.compareAndSet(next.build());
        claimed.ifPresent(row -> {
            LOG.debug("claimed sandbox {} under fence {}: {}", row.id(), row.fence(), row.endReason());
            context.ending().accept(row);
        });
        return claimed;
    }

    /**
     * Destroys and archives a claimed sandbox. A failure is written to the row, with the time of the next attempt, before
     * it is thrown.
     */
    Outcome clean(SandboxRow claimed) {
        long started = System.nanoTime();
        LeaseKeeper lease = new LeaseKeeper(context, claimed, settings.lease());
        try (lease) {
            SandboxBackend backend = backend(claimed);
            String ref = claimed.providerRef();
            if (ref == null) {
                ref = backend.find(rows.deployment(), claimed.id()).orElse(null);
            }
            if (ref != null) {
                lease.ensure();
                backend.destroy(ref);
                verifyGone(backend, ref, claimed);
            }
            return finish(lease.stop(), started);
        } catch (SandboxConflictException e) {
            LOG.info("gave up cleaning sandbox {}: {}", claimed.id(), e.getMessage());
            return Outcome.LOST;
        } catch (RuntimeException e) {
            putBack(lease, claimed, e, since(started));
            throw e;
        }
    }

    private Outcome finish(SandboxRow row, long started) {
        Instant now = rows.now();
        Instant settledAt = row.settledAt();
        if (settledAt != null && now.isBefore(settledAt)) {
            Instant look = now.plus(SETTLE_LOOK);
            rows.compareAndSet(row.change()
                    .lease(null, null)
                    .dueAt(look.isBefore(settledAt) ? look : settledAt)
                    .build());
            return Outcome.SETTLING;
        }
        HistoryRow history = new HistoryRow(row, now);
        if (!rows.archive(history)) {
            return Outcome.LOST;
        }
        LOG.info("destroyed sandbox {} at {}: {}", row.id(), row.backend(), row.endReason());
        context.events().accept(new SandboxEvent.Destroyed(Infos.of(history), since(started)));
        return Outcome.CLEANED;
    }

    private static Duration since(long started) {
        return Duration.ofNanos(System.nanoTime() - started);
    }

    private SandboxBackend backend(SandboxRow row) {
        SandboxBackend backend = context.backends().get(row.backend());
        if (backend == null) {
            throw new BackendUnavailableException(Failure.of(
                            "backend_not_registered",
                            "sandbox " + row.id() + " belongs to backend \"" + row.backend()
                                    + "\", which this manager does not have")
                    .sandbox(row.id())
                    .remedy("Register the backend under this name in one JVM of the deployment"));
        }
        return backend;
    }

    /** A provider may say that it has destroyed and lie. */
    private static void verifyGone(SandboxBackend backend, String ref, SandboxRow row) {
        ProviderState state = backend.state(ref);
        if (state == ProviderState.PRESENT || state == ProviderState.PAUSED) {
            throw new BackendUnavailableException(Failure.of(
                            "destroy_without_effect",
                            "the provider reported " + ref + " as destroyed and still has it (" + state + ")")
                    .backend(row.backend())
                    .sandbox(row.id())
                    .remedy("It is tried again"));
        }
    }

    /** Gives the lease back, so that anybody may try again at the next attempt's time. */
    private void putBack(LeaseKeeper lease, SandboxRow claimed, RuntimeException error, Duration took) {
        try {
            SandboxRow row = lease.stop();
            int attempts = row.attempts() + 1;
            Instant next = rows.now().plus(backoff(attempts));
            Optional<SandboxRow> written = rows.compareAndSet(row.change()
                    .lease(null, null)
                    .attempts(attempts)
                    .nextAttemptAt(next)
                    .dueAt(next)
                    .lastError(describe(error))
                    .build());
            if (written.isPresent()) {
                boolean stuck = attempts >= settings.stuckAfter();
                if (stuck) {
                    LOG.error("sandbox {} is stuck: cleaning it has failed {} times", row.id(), attempts, error);
                } else {
                    LOG.warn("cleaning sandbox {} failed, next attempt at {}: {}", row.id(), next, describe(error));
                }
                context.events().accept(new SandboxEvent.CleanupFailed(Infos.of(written.get()), error, stuck, took));
            }
        } catch (SandboxException e) {
            // The lease lapses by itself and the row is due then.
            LOG.warn("could not write that cleaning sandbox {} failed: {}", claimed.id(), e.getMessage());
            error.addSuppressed(e);
        }
    }

    private Duration backoff(int attempts) {
        long first = settings.firstRetry().toMillis();
        long longest = settings.longestRetry().toMillis();
        long time = attempts > 30 ? longest : Math.min(longest, first << Math.min(30, attempts - 1));
        time = time <= 0 ? longest : time;
        return Duration.ofMillis(time - ThreadLocalRandom.current().nextLong(time / 4 + 1));
    }

    static String describe(Throwable error) {
        String code = error instanceof SandboxException known
                ? known.code()
                : error.getClass().getSimpleName();
        return code + ": " + error.getMessage();
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most);
    }
}

package dev.sandkeeper.cleanup;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.AuditLog;
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
import org.slf4j.MDC;

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
    private final BoundedCalls calls;
    private final Measuring measuring;
    private final Terminator terminator;
    private final Optional<Exporter> exporter;

    Cleaner(EngineContext context, CleanupSettings settings, BoundedCalls calls) {
        this.context = context;
        this.rows = context.rows();
        this.settings = settings;
        this.calls = calls;
        this.terminator = new Terminator(context, calls, settings);
        this.exporter = settings.beforeDestroy().map(plan -> new Exporter(context, calls, plan));
        this.measuring = new Measuring(calls, settings.providerTimeout(), settings.measureDisk());
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
     * How it came out.
     *
     * @param freedBytes what was freed on disk; 0 if that is not known
     */
    record Cleaned(Outcome outcome, long freedBytes) {
        static final Cleaned LOST = new Cleaned(Outcome.LOST, 0);

        boolean done() {
            return outcome == Outcome.CLEANED;
        }
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
        SandboxRow planned = next.build();
        planned = planned.change()
                .step(new AuditEntry(
                        now,
                        "claimed",
                        "fence " + planned.fence() + ", by " + context.jvm() + ", policy " + planned.endPolicy() + ": "
                                + planned.endReason()))
                .build();
        Optional<SandboxRow> claimed = rows.compareAndSet(planned);
        claimed.ifPresent(row -> {
            AuditLog.last(row);
            context.ending().accept(row);
        });
        return claimed;
    }

    /**
     * Destroys and archives a claimed sandbox. A failure is written to the row, with the time of the next attempt, before
     * it is thrown.
     */
    Cleaned clean(SandboxRow claimed) {
        return work(claimed, this::finish);
    }

    /** Destroys what a claimed sandbox has at its provider, and gives the lease back without archiving. */
    Cleaned destroyOnly(SandboxRow claimed) {
        return work(claimed, (row, started) -> {
            Instant now = rows.now();
            Optional<SandboxRow> written = rows.compareAndSet(row.change()
                    .lease(null, null)
                    .dueAt(now.plus(settings.lease()))
                    .step(new AuditEntry(now, "destroyed", "not archived yet"))
                    .build());
            written.ifPresent(AuditLog::last);
            return written.isPresent() ? new Cleaned(Outcome.CLEANED, freed(row)) : Cleaned.LOST;
        });
    }

    /** What comes after the destruction. */
    private interface Completion {
        Cleaned complete(SandboxRow row, long started);
    }

    private Cleaned work(SandboxRow claimed, Completion completion) {
        long started = System.nanoTime();
        LeaseKeeper lease = new LeaseKeeper(context, claimed, settings.lease());
        String before = MDC.get(AuditLog.SANDBOX);
        MDC.put(AuditLog.SANDBOX, claimed.id().toString());
        try (lease) {
            destroyResources(lease, claimed);
            return completion.complete(lease.stop(), started);
        } catch (SandboxConflictException e) {
            LOG.info("gave up cleaning sandbox {}: {}", claimed.id(), e.getMessage());
            return Cleaned.LOST;
        } catch (RuntimeException e) {
            putBack(lease, claimed, e, since(started));
            throw e;
        } finally {
            AuditLog.restore(before);
        }
    }

    private void destroyResources(LeaseKeeper lease, SandboxRow claimed) {
        SandboxBackend backend = backend(claimed);
        Duration patience = settings.providerTimeout();
        String ref = claimed.providerRef();
        if (ref == null) {
            ref = calls.call(
                            "find sandbox " + claimed.id(),
                            patience,
                            () -> backend.find(rows.deployment(), claimed.id()))
                    .orElse(null);
        }
        if (ref == null) {
            return;
        }
        String found = ref;
        if (claimed.usage() == null) {
            measuring
                    .measure(backend, claimed, found)
                    .ifPresent(usage -> lease.change(next -> next.usage(usage.json(), usage.diskBytes())));
        }
        terminator.terminate(lease, backend, claimed, found);
        exporter.ifPresent(each -> each.export(lease, backend, claimed, found));
        lease.ensure();
        calls.run("destroy " + found, patience, () -> backend.destroy(found));
        ProviderState state = calls.call("look at " + found, patience, () -> backend.state(found));
        if (state == ProviderState.PRESENT || state == ProviderState.PAUSED) {
            // a provider may say that it has destroyed and lie
            throw new BackendUnavailableException(Failure.of(
                            "destroy_without_effect",
                            "the provider reported " + found + " as destroyed and still has it (" + state + ")")
                    .backend(claimed.backend())
                    .sandbox(claimed.id())
                    .remedy("It is tried again"));
        }
    }

    private Cleaned finish(SandboxRow row, long started) {
        Instant now = rows.now();
        Instant settledAt = row.settledAt();
        if (settledAt != null && now.isBefore(settledAt)) {
            Instant look = now.plus(SETTLE_LOOK);
            rows.compareAndSet(row.change()
                    .lease(null, null)
                    .dueAt(look.isBefore(settledAt) ? look : settledAt)
                    .build());
            return new Cleaned(Outcome.SETTLING, 0);
        }
        String ref = row.providerRef() == null ? "nothing of it was found" : row.providerRef();
        SandboxRow last =
                row.change().step(new AuditEntry(now, "destroyed", ref)).build();
        HistoryRow history = new HistoryRow(last, now);
        if (!rows.archive(history)) {
            return Cleaned.LOST;
        }
        AuditLog.last(last);
        context.events().accept(new SandboxEvent.Destroyed(Infos.of(history), since(started)));
        return new Cleaned(Outcome.CLEANED, freed(last));
    }

    private static long freed(SandboxRow row) {
        Long bytes = row.freedBytes();
        return bytes == null ? 0 : bytes;
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

    /** Gives the lease back, so that anybody may try again at the next attempt's time. */
    private void putBack(LeaseKeeper lease, SandboxRow claimed, RuntimeException error, Duration took) {
        try {
            SandboxRow row = lease.stop();
            int attempts = row.attempts() + 1;
            Instant now = rows.now();
            Instant next = now.plus(backoff(attempts));
            Optional<SandboxRow> written = rows.compareAndSet(row.change()
                    .lease(null, null)
                    .attempts(attempts)
                    .nextAttemptAt(next)
                    .dueAt(next)
                    .lastError(describe(error))
                    .step(new AuditEntry(now, "failed", "attempt " + attempts + ": " + describe(error)))
                    .build());
            if (written.isPresent()) {
                AuditLog.last(written.get());
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

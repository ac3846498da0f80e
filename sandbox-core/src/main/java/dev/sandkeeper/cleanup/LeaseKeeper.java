package dev.sandkeeper.cleanup;

import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.SandboxRow;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps up one claim while its holder talks to the provider, and knows the newest version of the row. Its monitor is held
 * during calls of the store, never during calls of a provider.
 */
final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

    private final EngineContext context;
    private final Duration lease;
    private final Future<?> task;
    private SandboxRow row;
    private long keptAt;
    private boolean lost;
    private boolean stopped;

    LeaseKeeper(EngineContext context, SandboxRow claimed, Duration lease) {
        this.context = context;
        this.lease = lease;
        this.row = claimed;
        this.keptAt = System.nanoTime();
        long period = Math.max(1, lease.toNanos() / 3);
        this.task = context.timer()
                .scheduleWithFixedDelay(
                        () -> context.workers().execute(this::keepQuietly), period, period, TimeUnit.NANOSECONDS);
    }

    /** Makes sure that half of the lease is left, as the caller is about to ask the provider for something. */
    synchronized void ensure() {
        if (!lost && System.nanoTime() - keptAt > lease.toNanos() / 2) {
            keep();
        }
        refuseIfLost();
    }

    /**
     * Changes the row under the lease.
     *
     * @throws SandboxConflictException if the lease is lost
     */
    synchronized void change(Consumer<SandboxRow.Change> change) {
        refuseIfLost();
        SandboxRow.Change next = row.change();
        change.accept(next);
        SandboxRow changed = context.rows().compareAndSet(next.build()).orElse(null);
        lost = changed == null;
        row = changed == null ? row : changed;
        refuseIfLost();
    }

    /** Ends the keeping; what the holder writes next must be based on the row that this answers. */
    synchronized SandboxRow stop() {
        stopped = true;
        task.cancel(false);
        refuseIfLost();
        return row;
    }

    @Override
    public synchronized void close() {
        stopped = true;
        task.cancel(false);
    }

    private synchronized void keepQuietly() {
        if (stopped || lost) {
            return;
        }
        try {
            keep();
        } catch (SandboxException e) {
            LOG.warn("could not keep the lease of sandbox {}: {}", row.id(), e.getMessage());
        }
    }

    private void keep() {
        Optional<SandboxRow> kept =
                context.rows().keepLease(row, context.rows().now().plus(lease));
        if (kept.isPresent()) {
            row = kept.get();
            keptAt = System.nanoTime();
        } else {
            lost = true;
        }
    }

    private void refuseIfLost() {
        if (lost) {
            throw new SandboxConflictException(
                    Failure.of("lease_lost", "another cleaner has taken over sandbox " + row.id() + " from this one")
                            .sandbox(row.id())
                            .remedy("Nothing is to be done: the other one goes on"));
        }
    }
}

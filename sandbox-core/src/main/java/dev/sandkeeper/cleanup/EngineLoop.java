package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.SandboxRows;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when the engine works: a run whenever something is due, a sweep at the start, another one when the grace of
 * orphans is over, then at intervals. Has no thread of its own: the timer starts a worker, and never two for the same thing.
 */
final class EngineLoop {
    private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);
    /** After a run that got nothing done although something is due, so that a fault does not spin. */
    private static final Duration PAUSE_AFTER_FAULT = Duration.ofSeconds(1);

    /** Between two pages of the review at the start. */
    private static final Duration PAGE_PAUSE = Duration.ofMillis(100);

    private static final Duration COUNT_INTERVAL = Duration.ofMinutes(1);

    private final Cleanup cleanup;
    private final SandboxRows rows;
    private final EngineContext context;
    private final CleanupSettings settings;
    private @Nullable Future<?> nextRun;
    private @Nullable Future<?> nextSweep;
    private @Nullable Future<?> nextHousekeeping;
    private @Nullable Future<?> nextCount;
    private @Nullable Future<?> nextReview;
    private boolean running;
    private boolean wokenWhileRunning;
    private boolean stopped;

    EngineLoop(Cleanup cleanup, EngineContext context) {
        this.cleanup = cleanup;
        this.rows = context.rows();
        this.context = context;
        this.settings = cleanup.settings();
    }

    synchronized void start() {
        scheduleRun(Duration.ZERO);
        scheduleSweep(Duration.ZERO, settings.sweepGrace().plusMillis(10));
        scheduleHousekeeping();
        // not at the same time as the other JVMs that are started now
        scheduleReview(
                null,
                Duration.ofMillis(ThreadLocalRandom.current()
                        .nextLong(settings.lookInterval().toMillis() + 1)));
        if (context.heard()) {
            scheduleCount(Duration.ZERO);
        }
    }

    /** Something may be due earlier than was known. */
    synchronized void wake() {
        if (running) {
            wokenWhileRunning = true;
        } else {
            scheduleRun(Duration.ZERO);
        }
    }

    synchronized void stop() {
        stopped = true;
        cancel(nextRun);
        cancel(nextSweep);
        cancel(nextHousekeeping);
        cancel(nextCount);
        cancel(nextReview);
    }

    private static void cancel(@Nullable Future<?> task) {
        if (task != null) {
            task.cancel(false);
        }
    }

    private synchronized void scheduleRun(Duration delay) {
        if (!stopped) {
            cancel(nextRun);
            nextRun = context.timer()
                    .schedule(() -> handOver(this::work), Math.max(0, delay.toMillis()), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void scheduleSweep(Duration delay, Duration then) {
        if (!stopped) {
            nextSweep = context.timer()
                    .schedule(() -> handOver(() -> sweep(then)), delay.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** The backstop: a full run whatever is known to be due, and the purge of the archive. */
    private synchronized void scheduleHousekeeping() {
        if (!stopped) {
            nextHousekeeping = context.timer()
                    .schedule(
                            () -> handOver(this::keepHouse),
                            jittered(settings.interval()).toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    private void keepHouse() {
        try {
            wake();
            long purged = cleanup.purgeArchive();
            if (purged > 0) {
                LOG.info(
                        "purged {} sandboxes from the archive, whose retention of {} is over",
                        purged,
                        settings.archiveRetention());
            }
        } catch (SandboxException e) {
            LOG.warn("could not purge the archive, it is tried again: {}", e.getMessage());
        } finally {
            scheduleHousekeeping();
        }
    }

    private synchronized void scheduleReview(@Nullable SandboxId after, Duration delay) {
        if (!stopped) {
            nextReview = context.timer()
                    .schedule(() -> handOver(() -> review(after)), delay.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** The policy may be another one than that of the JVM that was here before. */
    private void review(@Nullable SandboxId after) {
        try {
            cleanup.reviewPage(after).last().ifPresent(last -> scheduleReview(last, jittered(PAGE_PAUSE)));
        } catch (SandboxException e) {
            LOG.warn("could not review the sandboxes, it is tried again: {}", e.getMessage());
            scheduleReview(after, jittered(PAUSE_AFTER_FAULT));
        } catch (RuntimeException e) {
            LOG.error("could not review the sandboxes; each is looked at when it is due", e);
        }
    }

    private synchronized void scheduleCount(Duration delay) {
        if (!stopped) {
            nextCount = context.timer().schedule(() -> handOver(this::count), delay.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void count() {
        try {
            cleanup.tellCounts();
        } catch (SandboxException e) {
            LOG.warn("could not count the sandboxes, it is tried again: {}", e.getMessage());
        } finally {
            scheduleCount(jittered(COUNT_INTERVAL));
        }
    }

    /** Give or take a fifth, so that JVMs that were started together do not work together. */
    private static Duration jittered(Duration interval) {
        long millis = interval.toMillis();
        return Duration.ofMillis(millis + ThreadLocalRandom.current().nextLong(millis * 2 / 5 + 1) - millis / 5);
    }

    private void handOver(Runnable task) {
        try {
            context.workers().execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("no more cleaning: the manager is closed");
        }
    }

    private void work() {
        synchronized (this) {
            if (stopped || running) {
                return;
            }
            running = true;
            wokenWhileRunning = false;
        }
        Duration delay = PAUSE_AFTER_FAULT;
        try {
            CleanupReport report = cleanup.run();
            boolean idle = report.processed() > 0 && report.cleaned() == 0;
            delay = untilNextDue(idle ? Duration.ofMillis(100) : Duration.ofMillis(10));
        } catch (SandboxException e) {
            LOG.warn("cleanup could not run, it is tried again: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("cleanup could not run, it is tried again", e);
        } finally {
            synchronized (this) {
                running = false;
                scheduleRun(wokenWhileRunning ? Duration.ZERO : delay);
            }
        }
    }

    /** Rows of other JVMs come without notice, so the sleep is never longer than that. */
    private Duration untilNextDue(Duration least) {
        Instant due = rows.nextDue().orElse(null);
        if (due == null) {
            return settings.lookInterval();
        }
        Duration left = Duration.between(rows.now(), due);
        if (left.compareTo(settings.lookInterval()) > 0) {
            return settings.lookInterval();
        }
        return left.compareTo(least) < 0 ? least : left;
    }

    private void sweep(Duration then) {
        try {
            cleanup.sweep();
        } catch (SandboxException e) {
            LOG.warn("could not sweep, it is tried again: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("could not sweep, it is tried again", e);
        } finally {
            scheduleSweep(then, jittered(settings.sweepInterval()));
        }
    }
}

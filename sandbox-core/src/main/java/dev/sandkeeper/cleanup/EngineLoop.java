package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxException;
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

    private final Cleanup cleanup;
    private final SandboxRows rows;
    private final EngineContext context;
    private final CleanupSettings settings;
    private @Nullable Future<?> nextRun;
    private @Nullable Future<?> nextSweep;
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

    /** Rows of other JVMs come without notice, so the sleep is never longer than the interval. */
    private Duration untilNextDue(Duration least) {
        Instant due = rows.nextDue().orElse(null);
        if (due == null) {
            return settings.interval();
        }
        Duration left = Duration.between(rows.now(), due);
        if (left.compareTo(settings.interval()) > 0) {
            return settings.interval();
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
            long interval = settings.sweepInterval().toMillis();
            long jitter = ThreadLocalRandom.current().nextLong(interval * 2 / 5 + 1) - interval / 5;
            scheduleSweep(then, Duration.ofMillis(interval + jitter));
        }
    }
}

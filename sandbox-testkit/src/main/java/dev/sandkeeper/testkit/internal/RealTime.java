package dev.sandkeeper.testkit.internal;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Real time. Its one thread exists only while something is waited for. */
public final class RealTime implements MachineTime {
    private final Clock clock;
    private final ScheduledThreadPoolExecutor timer;

    /**
     * Makes a time of its own.
     *
     * @param clock what {@link #now()} shows; has no influence on waiting
     */
    public RealTime(Clock clock) {
        this.clock = clock;
        timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "sandkeeper-memory-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(100, TimeUnit.MILLISECONDS);
        timer.allowCoreThreadTimeOut(true);
    }

    @Override
    public Instant now() {
        return clock.instant();
    }

    @Override
    public Runnable after(Duration delay, Runnable task) {
        ScheduledFuture<?> scheduled = timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }
}

package dev.sandkeeper.http;

import dev.sandkeeper.internal.Workers;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Ends what takes too long. One thread, and none while there is nothing to watch. */
final class Watchdog implements AutoCloseable {
    private final ScheduledThreadPoolExecutor timer;

    Watchdog(String backend) {
        timer = new ScheduledThreadPoolExecutor(1, Workers.daemons("sandkeeper-" + backend + "-watchdog"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(5, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
    }

    Future<?> after(Duration time, Runnable end) {
        return timer.schedule(end, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}

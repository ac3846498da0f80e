package dev.sandkeeper.engine;

import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Eight threads that renew sandboxes at about the moment at which they end, and remember which end was acknowledged last.
 * A sandbox has one renewal at a time, and after the first each is to a later end.
 */
final class FleetRenewals implements AutoCloseable {
    private static final int MOST = 4;

    private final SandboxManager manager;
    private final Random random;
    private final ScheduledThreadPoolExecutor threads = new ScheduledThreadPoolExecutor(8);
    private final Map<SandboxId, Instant> acknowledged = new ConcurrentHashMap<>();
    private final Map<SandboxId, Future<?>> newest = new ConcurrentHashMap<>();
    private final Queue<Throwable> faults = new ConcurrentLinkedQueue<>();
    private final AtomicInteger renewed = new AtomicInteger();

    FleetRenewals(SandboxManager manager, long seed) {
        this.manager = manager;
        this.random = new Random(seed);
    }

    /** Sets the first end of a sandbox, in 3 to 13 seconds, and begins to put it off. */
    void begin(SandboxId id) {
        later(id, 0, Duration.ofMillis(3000 + random.nextInt(10_000)), 0);
    }

    private void later(SandboxId id, int times, Duration timeToLive, long millis) {
        newest.put(id, threads.schedule(() -> renew(id, times, timeToLive), millis, TimeUnit.MILLISECONDS));
    }

    private void renew(SandboxId id, int times, Duration timeToLive) {
        try {
            Instant end = manager.renew(id, timeToLive);
            acknowledged.put(id, end);
            if (times > 0) {
                renewed.incrementAndGet();
            }
            if (times < MOST && random.nextInt(10) < 6) {
                long left = Duration.between(Instant.now(), end).toMillis();
                Duration next = Duration.ofMillis(1000 + random.nextInt(3000));
                later(id, times + 1, next, left - 300 + random.nextInt(500));
            }
        } catch (SandboxGoneException | SandboxConflictException e) {
            // a cleaner was first: it is judged by the ends before
            newest.remove(id);
        } catch (RuntimeException e) {
            faults.add(e);
        }
    }

    /** The end that was acknowledged last. */
    Map<SandboxId, Instant> acknowledged() {
        return acknowledged;
    }

    /** How many renewals, after the first ones, have won. */
    int renewed() {
        return renewed.get();
    }

    /** What neither wins nor loses. */
    Queue<Throwable> faults() {
        return faults;
    }

    /** Whether nothing will be renewed any more. */
    boolean done() {
        return newest.values().stream().allMatch(Future::isDone);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}

package dev.sandkeeper;

import dev.sandkeeper.internal.SandboxRows;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the store what is busy in this JVM: one batched statement an interval, never on the path of a command, except for
 * the first activity after half of the idle timeout, which must win against the policy or fail. Keeps the leases of creates
 * under way by the same beat.
 */
final class ActivityTracker {
    private static final Logger LOG = LoggerFactory.getLogger(ActivityTracker.class);
    private static final Duration LONGEST_INTERVAL = Duration.ofSeconds(15);
    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(50);

    private final SandboxRows rows;
    private final String jvm;
    private final Duration createLease;
    private final ScheduledExecutorService timer;
    private final Executor workers;
    private final Consumer<SandboxId> onLost;
    private final Map<SandboxId, Entry> entries = new ConcurrentHashMap<>();
    private final Set<SandboxId> creating = ConcurrentHashMap.newKeySet();
    private @Nullable Future<?> next;
    private long nextAt;
    private boolean stopped;

    ActivityTracker(
            SandboxRows rows,
            String jvm,
            Duration createLease,
            ScheduledExecutorService timer,
            Executor workers,
            Consumer<SandboxId> onLost) {
        this.rows = rows;
        this.jvm = jvm;
        this.createLease = createLease;
        this.timer = timer;
        this.workers = workers;
        this.onLost = onLost;
    }

    /** What is known here of one sandbox. */
    private static final class Entry {
        private final @Nullable Duration idleTimeout;
        private final AtomicInteger handles = new AtomicInteger();
        private final AtomicInteger busy = new AtomicInteger();
        private volatile boolean touched;
        private volatile long writtenAt = System.nanoTime();

        Entry(@Nullable Duration idleTimeout) {
            this.idleTimeout = idleTimeout;
        }
    }

    void creating(SandboxId id) {
        creating.add(id);
        schedule(interval());
    }

    void created(SandboxId id) {
        creating.remove(id);
    }

    /** A handle of the sandbox exists from now on. */
    void watch(SandboxId id, @Nullable Duration idleTimeout) {
        entries.computeIfAbsent(id, key -> new Entry(idleTimeout)).handles.incrementAndGet();
        schedule(interval());
    }

    void unwatch(SandboxId id) {
        entries.computeIfPresent(id, (key, entry) -> entry.handles.decrementAndGet() <= 0 ? null : entry);
    }

    /** Something begins to run; {@link #end} must follow. */
    void begin(SandboxId id) {
        Entry entry = entries.get(id);
        if (entry == null) {
            return;
        }
        entry.busy.incrementAndGet();
        try {
            touch(id, entry);
        } catch (RuntimeException e) {
            entry.busy.decrementAndGet();
            throw e;
        }
    }

    void end(SandboxId id) {
        Entry entry = entries.get(id);
        if (entry != null) {
            entry.touched = true;
            entry.busy.decrementAndGet();
        }
    }

    /** Something happens that is over at once. */
    void touch(SandboxId id) {
        Entry entry = entries.get(id);
        if (entry != null) {
            touch(id, entry);
        }
    }

    private void touch(SandboxId id, Entry entry) {
        entry.touched = true;
        Duration idle = entry.idleTimeout;
        if (idle != null && System.nanoTime() - entry.writtenAt >= idle.toNanos() / 2) {
            writeNow(id, entry);
        }
    }

    private void writeNow(SandboxId id, Entry entry) {
        long asked = System.nanoTime();
        Optional<Instant> busyUntil = entry.busy.get() > 0 ? Optional.of(vouchUntil(rows.now())) : Optional.empty();
        if (rows.touch(Map.of(id, busyUntil)).contains(id)) {
            onLost.accept(id);
        } else {
            entry.writtenAt = asked;
        }
    }

    /** Writes what is to be written and stops. */
    void stop() {
        synchronized (this) {
            stopped = true;
            if (next != null) {
                next.cancel(false);
            }
        }
        beat();
    }

    private Instant vouchUntil(Instant now) {
        return now.plus(interval().multipliedBy(3));
    }

    private Duration interval() {
        Duration shortest = LONGEST_INTERVAL;
        for (Entry entry : entries.values()) {
            Duration idle = entry.idleTimeout;
            if (idle != null && idle.dividedBy(4).compareTo(shortest) < 0) {
                shortest = idle.dividedBy(4);
            }
        }
        if (!creating.isEmpty() && createLease.dividedBy(4).compareTo(shortest) < 0) {
            shortest = createLease.dividedBy(4);
        }
        return shortest.compareTo(SHORTEST_INTERVAL) < 0 ? SHORTEST_INTERVAL : shortest;
    }

    private synchronized void schedule(Duration delay) {
        long at = System.nanoTime() + delay.toNanos();
        if (stopped || (next != null && nextAt - at <= 0)) {
            return;
        }
        if (next != null) {
            next.cancel(false);
        }
        nextAt = at;
        next = timer.schedule(this::fire, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void fire() {
        try {
            workers.execute(() -> {
                beat();
                synchronized (this) {
                    next = null;
                }
                if (!entries.isEmpty() || !creating.isEmpty()) {
                    schedule(interval());
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("no more activity to tell: the manager is closed");
        }
    }

    private void beat() {
        Map<SandboxId, Entry> active = new HashMap<>();
        entries.forEach((id, entry) -> {
            if (entry.touched || entry.busy.get() > 0) {
                active.put(id, entry);
            }
        });
        Set<SandboxId> creates = Set.copyOf(creating);
        if (active.isEmpty() && creates.isEmpty()) {
            return;
        }
        try {
            long asked = System.nanoTime();
            Instant now = rows.now();
            if (!creates.isEmpty()) {
                rows.keepProvisioning(creates, jvm, now.plus(createLease));
            }
            if (active.isEmpty()) {
                return;
            }
            Map<SandboxId, Optional<Instant>> busyUntil = new HashMap<>();
            active.forEach((id, entry) -> {
                entry.touched = false;
                busyUntil.put(id, entry.busy.get() > 0 ? Optional.of(vouchUntil(now)) : Optional.empty());
            });
            Set<SandboxId> lost = rows.touch(busyUntil);
            active.forEach((id, entry) -> {
                if (lost.contains(id)) {
                    onLost.accept(id);
                } else {
                    entry.writtenAt = asked;
                }
            });
        } catch (SandboxException e) {
            active.values().forEach(entry -> entry.touched = true);
            LOG.warn("could not tell the store what is active, it is tried again: {}", e.getMessage());
        }
    }
}

package dev.sandkeeper.testkit;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * A clock that stands still until a test moves it. Zones made by {@link #withZone} share its time. Safe from many threads.
 *
 * <p>Given to {@link InMemoryProvider#at}, it also drives what sleeps in the simulated sandboxes: a command that
 * sleeps for an hour goes on when the clock has been advanced by an hour.
 */
public final class MutableClock extends Clock {
    private final Shared shared;
    private final ZoneId zone;

    private MutableClock(Shared shared, ZoneId zone) {
        this.shared = shared;
        this.zone = zone;
    }

    /**
     * A clock that shows a given moment, in UTC.
     *
     * @param start the moment
     * @return the clock
     */
    public static MutableClock at(Instant start) {
        return new MutableClock(new Shared(start), ZoneOffset.UTC);
    }

    /**
     * A clock that shows 2026-01-01T00:00Z.
     *
     * @return the clock
     */
    public static MutableClock create() {
        return at(Instant.parse("2026-01-01T00:00:00Z"));
    }

    /**
     * Moves the clock on. What was waiting for the moments that pass is run before this returns, in their order and on the
     * calling thread.
     *
     * @param time how far; not negative
     * @throws IllegalArgumentException if it is negative; {@link #set} can go back
     */
    public void advance(Duration time) {
        if (time.isNegative()) {
            throw new IllegalArgumentException("time must not be negative, set() can go back: " + time);
        }
        Instant target = shared.move(time);
        shared.runDue(target);
    }

    /**
     * Puts the clock anywhere, also back. Going forward is as {@link #advance}.
     *
     * @param moment what it shows from now on
     */
    public void set(Instant moment) {
        shared.set(moment);
        shared.runDue(moment);
    }

    @Override
    public Instant instant() {
        return shared.now();
    }

    @Override
    public ZoneId getZone() {
        return zone;
    }

    @Override
    public MutableClock withZone(ZoneId other) {
        return new MutableClock(shared, other);
    }

    /** The moment that it shows. */
    @Override
    public String toString() {
        return "MutableClock[" + instant() + "]";
    }

    Runnable schedule(Duration delay, Runnable task) {
        return shared.schedule(delay, task);
    }

    private record Waiting(Instant due, long order, Runnable task) {}

    /** Tasks run outside the lock: they may ask for the time or schedule another. */
    private static final class Shared {
        private final PriorityQueue<Waiting> waiting =
                new PriorityQueue<>(Comparator.comparing(Waiting::due).thenComparingLong(Waiting::order));
        private Instant now;
        private long order;

        Shared(Instant now) {
            this.now = now;
        }

        synchronized Instant now() {
            return now;
        }

        synchronized Instant move(Duration time) {
            now = now.plus(time);
            return now;
        }

        synchronized void set(Instant moment) {
            now = moment;
        }

        synchronized Runnable schedule(Duration delay, Runnable task) {
            Waiting entry = new Waiting(now.plus(delay), order++, task);
            waiting.add(entry);
            return () -> cancel(entry);
        }

        private synchronized void cancel(Waiting entry) {
            waiting.remove(entry);
        }

        void runDue(Instant moment) {
            for (List<Runnable> due = due(moment); !due.isEmpty(); due = due(moment)) {
                due.forEach(Runnable::run);
            }
        }

        private synchronized List<Runnable> due(Instant moment) {
            List<Runnable> due = new ArrayList<>();
            while (!waiting.isEmpty() && !waiting.peek().due().isAfter(moment)) {
                due.add(waiting.remove().task());
            }
            return due;
        }
    }
}

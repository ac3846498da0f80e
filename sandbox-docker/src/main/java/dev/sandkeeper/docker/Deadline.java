package dev.sandkeeper.docker;

import java.time.Duration;

/** A moment on the monotonic clock. */
record Deadline(long nanoTime) {
    /** Far enough for anything, near enough that differences do not overflow. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    static Deadline in(Duration time) {
        Duration bounded = time.compareTo(LONGEST) > 0 ? LONGEST : time;
        return new Deadline(System.nanoTime() + bounded.toNanos());
    }

    static Deadline past() {
        return new Deadline(System.nanoTime());
    }

    static Deadline never() {
        return in(LONGEST);
    }

    /** In nanoseconds; 0 or less if it has passed. */
    long left() {
        return nanoTime - System.nanoTime();
    }

    boolean passed() {
        return left() <= 0;
    }

    Duration time() {
        return Duration.ofNanos(Math.max(0, left()));
    }

    Deadline orSooner(Duration time) {
        Deadline other = in(time);
        return other.left() < left() ? other : this;
    }
}

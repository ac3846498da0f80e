package dev.sandkeeper.internal;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A moment on the monotonic clock.
 *
 * @param nanoTime as {@link System#nanoTime()}
 */
public record Deadline(long nanoTime) {
    /** Far enough for anything, near enough that differences do not overflow. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    /**
     * A moment to come.
     *
     * @param time from now on
     * @return that moment, or one in a hundred years
     */
    public static Deadline in(Duration time) {
        Duration bounded = time.compareTo(LONGEST) > 0 ? LONGEST : time;
        return new Deadline(System.nanoTime() + bounded.toNanos());
    }

    /** {@return one that passes now} */
    public static Deadline past() {
        return new Deadline(System.nanoTime());
    }

    /** {@return one that nobody sees pass} */
    public static Deadline never() {
        return in(LONGEST);
    }

    /** {@return nanoseconds until then; 0 or less if it has passed} */
    public long left() {
        return nanoTime - System.nanoTime();
    }

    /** {@return whether it has passed} */
    public boolean passed() {
        return left() <= 0;
    }

    /** {@return the time until then; zero if it has passed} */
    public Duration time() {
        return Duration.ofNanos(Math.max(0, left()));
    }

    /**
     * The earlier of two.
     *
     * @param time another one, from now on
     * @return this one or that
     */
    public Deadline orSooner(Duration time) {
        Deadline other = in(time);
        return other.left() < left() ? other : this;
    }

    /**
     * How long what watches a command in its sandbox waits before it kills everything of it, if nobody else does it.
     *
     * @param deadline the command's, from its start; null for none
     * @param overtime by how much the host comes first
     * @return whole seconds; 0 for ever
     */
    public static long secondsInside(@Nullable Duration deadline, Duration overtime) {
        return deadline == null ? 0 : deadline.plus(overtime).plusMillis(999).toSeconds();
    }
}

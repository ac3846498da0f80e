package dev.sandkeeper;

import java.time.Duration;

/** The one rule for every duration that a caller gives. */
final class Durations {
    private static final Duration LONGEST = Duration.ofDays(3650);

    private Durations() {}

    static Duration checked(String field, Duration time) {
        if (time.compareTo(Duration.ofMillis(1)) < 0 || time.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(field + " must be from 1 millisecond to 3650 days: " + time);
        }
        return time;
    }
}

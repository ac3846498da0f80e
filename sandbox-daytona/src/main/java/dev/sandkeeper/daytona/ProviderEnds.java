package dev.sandkeeper.daytona;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The end that Daytona itself keeps of a sandbox. It is set in minutes from now and told back as a moment, so that what a wrong
 * clock has done to the minutes is seen in the answer, and corrected.
 *
 * <p>A server that has no such end is told to stop the sandbox, and so to destroy it, after as many minutes without activity:
 * its end is never sooner than what is answered then, and later while the sandbox is used.
 */
final class ProviderEnds {
    private static final Duration NEAR = Duration.ofSeconds(90);
    private static final long LONGEST = Duration.ofDays(3650).toMinutes();

    private final DaytonaApi api;
    private final Clock clock;

    ProviderEnds(DaytonaApi api, Clock clock) {
        this.api = api;
        this.clock = clock;
    }

    /** For a create; 0 if it does not end by time. */
    int minutes(@Nullable Instant until) {
        return until == null ? 0 : (int) minutes(Duration.between(clock.instant(), until));
    }

    private static long minutes(Duration time) {
        return Math.max(1, Math.min(LONGEST, (time.toSeconds() + 59) / 60));
    }

    /** Makes sure of the end of a sandbox that has just been made. */
    void ensure(Wire.Sandbox sandbox, @Nullable Instant until) {
        if (until != null && !isNear(sandbox.end(), until)) {
            extend(sandbox.idOrFail(), until);
        }
    }

    private static boolean isNear(@Nullable Instant end, Instant until) {
        return end != null && Duration.between(end, until).abs().compareTo(NEAR) <= 0;
    }

    /** Moves the end. {@return the end that was granted} */
    Instant extend(String id, Instant until) {
        long minutes = minutes(until);
        Instant end = api.timeToLive(id, minutes).end();
        if (end == null) {
            api.autoStop(id, minutes);
            api.activity(id);
            return clock.instant().plus(Duration.ofMinutes(minutes));
        }
        if (!isNear(end, until)) {
            long better = Math.max(
                    1,
                    Math.min(
                            LONGEST,
                            minutes + Math.round(Duration.between(end, until).toSeconds() / 60.0)));
            Instant second =
                    better == minutes ? end : api.timeToLive(id, better).end();
            end = second == null ? end : second;
        }
        return end;
    }
}

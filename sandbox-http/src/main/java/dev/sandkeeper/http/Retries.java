package dev.sandkeeper.http;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tries again where an attempt says that this is allowed, and its deadline leaves time for it. */
final class Retries {
    private static final Duration FIRST_WAIT = Duration.ofMillis(100);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    private final Retry retry;
    private final Duration longestRetryAfter;

    Retries(String backend, int attempts, Duration longestRetryAfter) {
        this.longestRetryAfter = longestRetryAfter;
        IntervalFunction growing = IntervalFunction.ofExponentialRandomBackoff(FIRST_WAIT, 2.0, 0.5, LONGEST_WAIT);
        RetryConfig config = RetryConfig.<Object>custom()
                .maxAttempts(attempts)
                .retryOnException(e -> e instanceof AttemptFailure failure && inTime(failure))
                .intervalBiFunction((attempt, outcome) -> {
                    Duration asked = outcome.getLeft() instanceof AttemptFailure f ? f.retryAfter() : null;
                    return asked == null ? growing.apply(attempt) : asked.toMillis();
                })
                .build();
        this.retry = Retry.of(backend, config);
    }

    private boolean inTime(AttemptFailure failure) {
        @Nullable Duration asked = failure.retryAfter();
        Duration wait = asked == null ? LONGEST_WAIT : asked;
        return failure.mayRepeat()
                && wait.compareTo(longestRetryAfter) <= 0
                && wait.compareTo(failure.deadline().time()) < 0;
    }

    /** Throws the {@link AttemptFailure} of the last attempt; also if it was interrupted while it waited, flag set. */
    <T> T run(Supplier<T> attempt) {
        return retry.executeSupplier(attempt);
    }
}

package dev.sandkeeper.http;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Spares a provider that fails, and its callers the wait. */
final class Breaker {
    private static final int WINDOW = 50;
    private static final int FEWEST = 20;
    private static final float TOO_MANY_PERCENT = 80;

    private final CircuitBreaker breaker;
    private final Duration pause;

    Breaker(String backend, Duration pause) {
        this.pause = pause;
        this.breaker = CircuitBreaker.of(
                backend,
                CircuitBreakerConfig.custom()
                        .slidingWindow(WINDOW, FEWEST, CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                        .failureRateThreshold(TOO_MANY_PERCENT)
                        .waitDurationInOpenState(pause)
                        .permittedNumberOfCallsInHalfOpenState(3)
                        .recordException(e -> true)
                        .build());
    }

    Duration pause() {
        return pause;
    }

    boolean lets() {
        return breaker.tryAcquirePermission();
    }

    void worked(long nanos) {
        breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
    }

    void failed(long nanos, Throwable fault) {
        breaker.onError(nanos, TimeUnit.NANOSECONDS, fault);
    }

    /** What happened says nothing about the provider. */
    void undecided() {
        breaker.releasePermission();
    }
}

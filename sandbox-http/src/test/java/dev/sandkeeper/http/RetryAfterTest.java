package dev.sandkeeper.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RetryAfterTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-04T05:06:07Z"), ZoneOffset.UTC);

    private static @Nullable Duration of(String... headers) {
        return RetryAfter.of(Headers.of(headers), CLOCK);
    }

    @Test
    void isTheLongestOfTheLimitsThatNameATime() {
        assertThat(of("Retry-After-sandbox-create", "7")).isEqualTo(Duration.ofSeconds(7));
        assertThat(of("retry-after-SANDBOX-create", "7")).isEqualTo(Duration.ofSeconds(7));
        assertThat(of("Retry-After-a", "3", "Retry-After-b", "12", "Retry-After-c", "5"))
                .isEqualTo(Duration.ofSeconds(12));
        assertThat(of("Retry-After-a", "later", "Retry-After-b", "2")).isEqualTo(Duration.ofSeconds(2));
        assertThat(of("Retry-After-a", "Wed, 04 Mar 2026 05:06:17 GMT", "Retry-After-b", "2"))
                .isEqualTo(Duration.ofSeconds(10));
        assertThat(of("Retry-After-a", "0")).isEqualTo(Duration.ZERO);
    }

    @Test
    void goesByTheUsualHeaderWhereItIsThere() {
        assertThat(of("Retry-After-a", "30", "Retry-After", "1")).isEqualTo(Duration.ofSeconds(1));
        assertThat(of("Retry-After-a", "30", RetryAfter.PRESERVED, "0")).isEqualTo(Duration.ZERO);
    }

    @Test
    void isNothingWhereNothingIsSaidOfATime() {
        assertThat(of()).isNull();
        assertThat(of("Retry-After-a", "soon")).isNull();
        assertThat(of("Retry-After-a", "-5")).isNull();
        assertThat(of("X-Retry-After-a", "5", "Retry-Afterwards", "5", "X-RateLimit-Reset-a", "5"))
                .isNull();
    }
}

package dev.sandkeeper.http;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/** How long a provider asks to wait: RFC 9110, section 10.2.3. */
final class RetryAfter {
    /** Under this name the header gets past OkHttp, which repeats any request at once after a 503 that says 0. */
    static final String PRESERVED = "Sandkeeper-Retry-After";

    static final String HEADER = "Retry-After";

    private RetryAfter() {}

    static @Nullable Duration of(Headers headers, Clock clock) {
        String preserved = headers.get(PRESERVED);
        String value = preserved == null ? headers.get(HEADER) : preserved;
        if (value == null) {
            return null;
        }
        String word = value.strip();
        if (word.matches("[0-9]{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(word));
        }
        Instant until = date(word);
        if (until == null) {
            return null;
        }
        // the provider's own clock, where it tells: ours may be wrong
        Instant told = date(headers.get("Date"));
        Duration wait = Duration.between(told == null ? clock.instant() : told, until);
        return wait.isNegative() ? Duration.ZERO : wait;
    }

    private static @Nullable Instant date(@Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }
}

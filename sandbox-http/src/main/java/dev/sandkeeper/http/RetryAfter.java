package dev.sandkeeper.http;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/**
 * How long a provider asks to wait: RFC 9110, section 10.2.3. Where a provider has several limits, it may say so for each of them
 * under a name of its own, such as {@code Retry-After-sandbox-create}, and not under the usual one.
 */
final class RetryAfter {
    /** Under this name the header gets past OkHttp, which repeats any request at once after a 503 that says 0. */
    static final String PRESERVED = "Sandkeeper-Retry-After";

    static final String HEADER = "Retry-After";

    private static final String OF_A_LIMIT = HEADER + "-";

    private RetryAfter() {}

    static @Nullable Duration of(Headers headers, Clock clock) {
        String preserved = headers.get(PRESERVED);
        String value = preserved == null ? headers.get(HEADER) : preserved;
        return value == null ? longestOfLimits(headers, clock) : wait(value, headers, clock);
    }

    /** Whoever waits for one limit only is refused by the next. */
    private static @Nullable Duration longestOfLimits(Headers headers, Clock clock) {
        Duration longest = null;
        for (int i = 0; i < headers.size(); i++) {
            if (headers.name(i).regionMatches(true, 0, OF_A_LIMIT, 0, OF_A_LIMIT.length())) {
                Duration wait = wait(headers.value(i), headers, clock);
                longest = wait != null && (longest == null || wait.compareTo(longest) > 0) ? wait : longest;
            }
        }
        return longest;
    }

    private static @Nullable Duration wait(String value, Headers headers, Clock clock) {
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

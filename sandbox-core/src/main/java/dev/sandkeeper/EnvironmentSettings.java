package dev.sandkeeper;

import dev.sandkeeper.cleanup.CleanupSettings;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Settings of a manager in variables of the environment. What is wrong is refused by the variable's name. */
final class EnvironmentSettings {
    private static final Pattern SHORT = Pattern.compile("([0-9]{1,12})(ms|s|m|h|d)");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    private final Map<String, String> environment;

    EnvironmentSettings(Map<String, String> environment) {
        this.environment = environment;
    }

    /** Sets those of a manager that are there. */
    void apply(SandboxManager.Builder builder, CleanupSettings.Builder cleanup) {
        duration("SANDBOX_DEFAULT_TTL", builder::defaultTimeToLive);
        duration("SANDBOX_EXTENDED_TTL", builder::extendedTimeToLive);
        duration("SANDBOX_CLEANUP_INTERVAL", cleanup::interval);
        duration("SANDBOX_RETENTION_PERIOD", cleanup::archiveRetention);
        set("SANDBOX_MAX_CLEANUP_BATCH", value -> cleanup.batch(number(value)));
    }

    private void duration(String name, Consumer<Duration> setter) {
        set(name, value -> setter.accept(parse(value)));
    }

    /** An empty one counts as none, as shells and container files leave them. */
    private void set(String name, Consumer<String> setter) {
        String value = environment.getOrDefault(name, "").strip();
        if (value.isEmpty()) {
            return;
        }
        try {
            setter.accept(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + "=" + value + " is refused: " + e.getMessage(), e);
        }
    }

    private static int number(String value) {
        if (!NUMBER.matcher(value).matches()) {
            throw new IllegalArgumentException("write a number, such as 100");
        }
        return Integer.parseInt(value);
    }

    private static Duration parse(String value) {
        Matcher matcher = SHORT.matcher(value.toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            long count = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(count);
                case "s" -> Duration.ofSeconds(count);
                case "m" -> Duration.ofMinutes(count);
                case "h" -> Duration.ofHours(count);
                default -> Duration.ofDays(count);
            };
        }
        try {
            return Duration.parse(value);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    "write a time such as 24h, 7d, 90m, 30s, 500ms, or ISO 8601 such as PT24H", e);
        }
    }
}

package dev.sandkeeper.http;

import java.time.Duration;
import java.util.Objects;
import okhttp3.HttpUrl;

/**
 * Rules that the settings of all hosted backends keep. Each takes the setting's name, for its message, and throws
 * {@link IllegalArgumentException}, or {@link NullPointerException} for null. No message has a secret in it.
 */
public final class ProviderSettings {
    /** Far above what any call needs, and far below what clocks and sockets can count. */
    private static final Duration LONGEST = Duration.ofDays(1);

    private ProviderSettings() {}

    /**
     * A backend's name.
     *
     * @param name the name
     * @return the same
     */
    public static String name(String name) {
        if (!Objects.requireNonNull(name, "name").matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException("name must be 1 to 64 of [A-Za-z0-9._-]: \"" + name + "\"");
        }
        return name;
    }

    /**
     * A key or a token, or what else goes into a header and is not to be shown.
     *
     * @param setting what it is called
     * @param value the secret
     * @return it without white space around
     */
    public static String secret(String setting, String value) {
        String text = Objects.requireNonNull(value, setting).strip();
        if (text.isEmpty() || !text.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(
                    setting + " must be printable ASCII without spaces; its value is not shown");
        }
        return text;
    }

    /**
     * Where a service is. A password or a query might be a secret, so that nothing of a wrong one is shown.
     *
     * @param setting what it is called
     * @param text the address
     * @return it without a slash at its end
     */
    public static HttpUrl url(String setting, String text) {
        HttpUrl url = HttpUrl.parse(Objects.requireNonNull(text, setting));
        if (url == null
                || !url.username().isEmpty()
                || !url.password().isEmpty()
                || url.query() != null
                || url.fragment() != null) {
            throw new IllegalArgumentException(
                    setting + " must be an http or https address without user, password, query and fragment");
        }
        String path = url.encodedPath();
        return path.length() > 1 && path.endsWith("/")
                ? url.newBuilder()
                        .encodedPath(path.substring(0, path.length() - 1))
                        .build()
                : url;
    }

    /**
     * How many of something there may be at a time.
     *
     * @param setting what it is called
     * @param number how many
     * @return the same
     */
    public static int most(String setting, int number) {
        if (number < 1) {
            throw new IllegalArgumentException(setting + " must be > 0: " + number);
        }
        return number;
    }

    /**
     * How long something may take.
     *
     * @param setting what it is called
     * @param least the shortest that does
     * @param time how long, a day at most
     * @return the same
     */
    public static Duration time(String setting, Duration least, Duration time) {
        if (Objects.requireNonNull(time, setting).compareTo(least) < 0 || time.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(setting + " must be from " + least + " to " + LONGEST + ": " + time);
        }
        return time;
    }
}

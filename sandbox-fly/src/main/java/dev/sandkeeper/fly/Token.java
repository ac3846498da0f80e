package dev.sandkeeper.fly;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A token of Fly, as it is sent: macaroons, of which several may be joined by commas, under a scheme of their own.
 *
 * @param scheme what stands before it, with a space
 * @param text what is sent
 */
record Token(String scheme, String text) {
    private static final Pattern SCHEME = Pattern.compile("(?i)^(?:(?:bearer|flyv1)(?:\\s+|$))+");

    /** Takes schemes away that somebody has copied with it. */
    static Token of(String configured) {
        String text = SCHEME.matcher(Objects.requireNonNull(configured, "token").strip())
                .replaceFirst("")
                .strip();
        if (text.isEmpty() || text.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
            throw new IllegalArgumentException(
                    "token must be 1 or more printable characters of ASCII without spaces; its value is not shown");
        }
        boolean macaroon = Arrays.stream(text.split(",", -1))
                .anyMatch(part -> part.startsWith("fm1r_") || part.startsWith("fm1a_") || part.startsWith("fm2_"));
        return new Token(macaroon ? "FlyV1 " : "Bearer ", text);
    }

    /** {@return all that must never be said} */
    List<String> secrets() {
        return Arrays.asList(text.split(",", -1));
    }

    /** Leaves the token out. */
    @Override
    public String toString() {
        return "Token[" + scheme.strip() + "]";
    }
}

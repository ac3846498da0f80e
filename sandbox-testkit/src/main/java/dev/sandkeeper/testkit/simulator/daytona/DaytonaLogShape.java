package dev.sandkeeper.testkit.simulator.daytona;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How much of a session's log a client is told apart, by the version of the SDK that it says it is. */
enum DaytonaLogShape {
    /** JSON with both streams apart; sync answers have both, too. */
    SPLIT,
    /** Text whose lines are marked. */
    MARKED,
    /** Text in which nothing tells the streams apart. */
    MERGED;

    private static final Pattern SEMVER =
            Pattern.compile("v?(\\d{1,9})(?:\\.(\\d{1,9}))?(?:\\.(\\d{1,9}))?(?:[-+][0-9A-Za-z.+-]*)?");
    private static final String SUBPROTOCOL = "X-Daytona-SDK-Version~";

    /**
     * Reads a request's headers.
     *
     * @param version of {@code X-Daytona-SDK-Version}
     * @param split of {@code X-Daytona-Split-Output}
     */
    static DaytonaLogShape of(@Nullable String version, @Nullable String split) {
        if (version == null || version.isEmpty()) {
            return "true".equals(split) ? MARKED : MERGED;
        }
        if (version.contains("dev") || atLeast(version, 0, 167)) {
            return SPLIT;
        }
        return before(version, 0, 27) ? MERGED : MARKED;
    }

    /** A browser's WebSocket has no headers of its own and says it as one of its subprotocols. */
    static @Nullable String versionOf(Iterable<String> subprotocols) {
        for (String each : subprotocols) {
            if (each.startsWith(SUBPROTOCOL)) {
                return each.substring(SUBPROTOCOL.length());
            }
        }
        return null;
    }

    /** Sessions of old clients start in the home directory. */
    static boolean startsAtHome(@Nullable String version) {
        return version != null && before(version, 0, 103);
    }

    private static boolean atLeast(String version, int major, int minor) {
        Matcher parts = SEMVER.matcher(version);
        return parts.matches() && compare(parts, major, minor) >= 0;
    }

    private static boolean before(String version, int major, int minor) {
        Matcher parts = SEMVER.matcher(version);
        return parts.matches() && compare(parts, major, minor) < 0;
    }

    private static int compare(Matcher parts, int major, int minor) {
        int byMajor = Integer.compare(Integer.parseInt(parts.group(1)), major);
        String second = parts.group(2);
        return byMajor != 0 ? byMajor : Integer.compare(second == null ? 0 : Integer.parseInt(second), minor);
    }
}

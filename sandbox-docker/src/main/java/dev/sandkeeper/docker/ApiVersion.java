package dev.sandkeeper.docker;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version of the engine's API, such as 1.41. */
record ApiVersion(int major, int minor) implements Comparable<ApiVersion> {
    /** Docker 20.10: the oldest with private cgroup namespaces and statistics in one shot. */
    static final ApiVersion OLDEST = new ApiVersion(1, 41);

    /** Docker 28.3: the newest whose documents were read. Docker 29 still takes everything from 1.44 on. */
    static final ApiVersion NEWEST = new ApiVersion(1, 51);

    private static final Pattern FORM = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})");

    /** The newest version that both sides know. */
    static ApiVersion agree(String offered, Faults faults) {
        Matcher matcher = FORM.matcher(offered);
        if (!matcher.matches()) {
            throw faults.notAnEngine();
        }
        ApiVersion theirs = new ApiVersion(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
        if (theirs.compareTo(OLDEST) < 0) {
            throw faults.tooOld(theirs);
        }
        return theirs.compareTo(NEWEST) < 0 ? theirs : NEWEST;
    }

    /** What stands in front of every path. */
    String prefix() {
        return "/v" + this;
    }

    @Override
    public int compareTo(ApiVersion other) {
        return major != other.major ? Integer.compare(major, other.major) : Integer.compare(minor, other.minor);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}

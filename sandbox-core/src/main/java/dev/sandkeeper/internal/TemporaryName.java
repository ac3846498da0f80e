package dev.sandkeeper.internal;

import java.util.regex.Pattern;

/** The name of a file that is being written, beside the one that it becomes. */
public final class TemporaryName {
    private static final String START = ".sandkeeper-";
    private static final Pattern ONE = Pattern.compile(".*/\\.sandkeeper-[0-9a-f]{32}", Pattern.DOTALL);

    private TemporaryName() {}

    /**
     * Where a file is written until it is complete.
     *
     * @param target the absolute path that it gets
     * @param tag see {@link Tags#next()}
     * @return an absolute path in the same directory
     */
    static String beside(String target, String tag) {
        return target.substring(0, target.lastIndexOf('/') + 1) + START + tag;
    }

    /**
     * Whether a path is such a one, which is nobody's file yet.
     *
     * @param path an absolute path
     * @return whether its name is that of a file that is being written
     */
    public static boolean isOne(String path) {
        return ONE.matcher(path).matches();
    }
}

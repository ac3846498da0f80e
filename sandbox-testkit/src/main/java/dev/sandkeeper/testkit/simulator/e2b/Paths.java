package dev.sandkeeper.testkit.simulator.e2b;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Paths as the daemon takes them, and as the backing sandbox has them: the home of E2B's templates is the backing sandbox's
 * workspace, under both names.
 */
final class Paths {
    static final String HOME = "/home/user";
    static final String WORKSPACE = "/workspace";

    private Paths() {}

    /**
     * Finds the absolute path that is meant.
     *
     * @param path absolute, from {@code ~}, or relative to the user's home; empty for that itself
     * @param user whose home
     * @throws IllegalArgumentException for somebody else's home
     */
    static String resolve(String path, String user) {
        String home = home(user);
        if (path.isEmpty() || path.equals("~")) {
            return home;
        }
        if (path.startsWith("~/")) {
            return clean(home + "/" + path.substring(2));
        }
        if (path.startsWith("~")) {
            throw new IllegalArgumentException("cannot expand user-specific home dir");
        }
        return clean(path.startsWith("/") ? path : home + "/" + path);
    }

    static String home(String user) {
        return user.equals("root") ? "/root" : HOME;
    }

    /** In the backing sandbox. */
    static String real(String path) {
        return path.equals(HOME) || path.startsWith(HOME + "/") ? WORKSPACE + path.substring(HOME.length()) : path;
    }

    /** The name of what the backing sandbox has below a directory that a client named. */
    static String shown(String realPath, String directory) {
        return directory + realPath.substring(real(directory).length());
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static String clean(String path) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }
}

package dev.sandkeeper.internal;

import dev.sandkeeper.SandboxSpec;
import java.util.ArrayDeque;
import java.util.Deque;

/** Turns what an application calls a path into an absolute one. */
public final class SandboxPaths {
    private SandboxPaths() {}

    /**
     * An absolute path stays as it is; a relative one is one of the workspace, with {@code .} and {@code ..} resolved by the
     * text alone. What links lead to is the sandbox's own affair.
     *
     * @param path relative to the workspace, or absolute
     * @return an absolute path
     * @throws IllegalArgumentException if it is empty, has a NUL, or is relative and leaves the workspace
     */
    public static String resolve(String path) {
        check(path);
        if (path.startsWith("/")) {
            return path;
        }
        Deque<String> names = new ArrayDeque<>();
        for (String name : path.split("/", -1)) {
            if (name.equals("..") && names.pollLast() == null) {
                throw new IllegalArgumentException("path must stay in the workspace: " + shown(path)
                        + ". Use an absolute path to name another place in the sandbox");
            }
            if (!name.isEmpty() && !name.equals(".") && !name.equals("..")) {
                names.addLast(name);
            }
        }
        return names.isEmpty() ? SandboxSpec.WORKSPACE : SandboxSpec.WORKSPACE + "/" + String.join("/", names);
    }

    /**
     * As {@link #resolve}, for what will not be there any more afterwards.
     *
     * @param path relative to the workspace, or absolute
     * @return an absolute path
     * @throws IllegalArgumentException also if it is the workspace itself, or the root
     */
    public static String resolveRemovable(String path) {
        String absolute = resolve(path);
        Deque<String> names = new ArrayDeque<>();
        for (String name : absolute.split("/", -1)) {
            if (name.equals("..")) {
                names.pollLast();
            } else if (!name.isEmpty() && !name.equals(".")) {
                names.addLast(name);
            }
        }
        if (names.isEmpty() || ("/" + String.join("/", names)).equals(SandboxSpec.WORKSPACE)) {
            throw new IllegalArgumentException("path must not be the workspace itself or the root: " + shown(path)
                    + ". Name what is in it, one by one");
        }
        return absolute;
    }

    private static void check(String path) {
        if (path.isEmpty()) {
            throw new IllegalArgumentException("path must not be empty. Use \".\" for the workspace itself");
        }
        if (path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("path must not contain NUL: " + shown(path) + ". Remove the character");
        }
    }

    private static String shown(String path) {
        return '"' + path.replaceAll("\\p{Cntrl}", "?") + '"';
    }
}

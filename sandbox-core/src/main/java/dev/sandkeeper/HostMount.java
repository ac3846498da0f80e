package dev.sandkeeper;

import java.nio.file.Path;

/**
 * A directory or file of the host that a sandbox may see: a hole in its isolation, so every one is named.
 *
 * @param source absolute path on the host; it must exist when the sandbox is created
 * @param target absolute path in the sandbox
 * @param writable whether the sandbox may change it
 */
public record HostMount(Path source, String target, boolean writable) {
    /**
     * Refuses paths that are not absolute.
     *
     * @throws IllegalArgumentException if one of the paths is not absolute, or the target has {@code ..} or NUL in it
     */
    public HostMount {
        if (!source.isAbsolute()) {
            throw new IllegalArgumentException("source of a host mount must be absolute: " + source);
        }
        if (!target.startsWith("/") || target.indexOf('\0') >= 0 || ("/" + target + "/").contains("/../")) {
            throw new IllegalArgumentException("target of a host mount must be absolute, without \"..\": " + target);
        }
    }
}

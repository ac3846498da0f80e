package dev.sandkeeper;

import java.time.Instant;

/**
 * What is known of a file in a sandbox. The sandbox said so: hostile input, to be shown or compared, not trusted.
 *
 * @param path as asked for, or for an entry of a listing the directory's path, a slash and the entry's name. Bytes that are
 *     not UTF-8 stand as lone surrogates U+DC80 to U+DCFF, one each (as in Python's PEP 383), so that the path can be used
 *     in another call
 * @param type what it is, a symbolic link not followed
 * @param size in bytes
 * @param mode the permission bits, such as 0644 octal
 * @param modifiedAt by the sandbox's clock, to the second
 */
public record FileInfo(String path, Type type, long size, int mode, Instant modifiedAt) {
    /** What a file is. */
    public enum Type {
        /** An ordinary file. */
        FILE,
        /** A directory. */
        DIRECTORY,
        /** A symbolic link. */
        SYMBOLIC_LINK,
        /** A device, pipe, socket or something newer. */
        OTHER
    }

    /**
     * The last element of the path.
     *
     * @return the name, without a slash
     */
    public String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}

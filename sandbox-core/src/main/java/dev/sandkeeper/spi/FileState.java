package dev.sandkeeper.spi;

import dev.sandkeeper.FileInfo;
import java.util.Objects;

/**
 * A file as it was at one time, to be compared with what it is later.
 *
 * @param path absolute, as in {@link FileInfo#path()}
 * @param type what it is, a symbolic link not followed
 * @param mark differs from an earlier one if content or permissions have changed since, for a directory if its permissions
 *     have; what is in a directory does not change its mark
 */
public record FileState(String path, FileInfo.Type type, String mark) {
    /** Refuses nulls. */
    public FileState {
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(mark, "mark");
    }
}

package dev.sandkeeper.spi;

import dev.sandkeeper.FileInfo;
import java.io.InputStream;
import java.util.List;

/**
 * Files in a sandbox. Paths are absolute and name what they name inside the sandbox, with the rights of its user; whatever
 * links the sandbox has planted are followed there and lead nowhere on the host. Lone surrogates U+DC80 to U+DCFF in a path
 * stand for bytes that are not UTF-8 (see {@link FileInfo#path()}). Safe from many threads. Every method throws
 * {@link dev.sandkeeper.FileAccessException} with a code of its own for what can be wrong with a file.
 *
 * <p>A backend whose sandboxes have a POSIX shell gets all of this from
 * {@code dev.sandkeeper.internal.ShellFiles}.
 */
public interface BackendFiles {
    /**
     * Writes a file: under a temporary name beside it, then renamed, so that a reader sees the old content or the new.
     * Directories above it are made. A link is replaced, unless it leads to a directory: {@code is_a_directory}.
     *
     * @param path the file
     * @param content read to its end, not closed
     * @param mode the permission bits; -1 keeps those of the file it replaces, or 0644
     */
    void write(String path, InputStream content, int mode);

    /**
     * Adds to the end of a file, which is made if it does not exist. Not atomic.
     *
     * @param path the file
     * @param content read to its end, not closed
     */
    void append(String path, InputStream content);

    /**
     * Reads a file.
     *
     * @param path the file
     * @return its content; to be closed. Reading throws {@link java.io.IOException} if the content is not complete
     */
    InputStream read(String path);

    /**
     * Looks at a file, a symbolic link not followed.
     *
     * @param path the file
     * @return what is known of it
     */
    FileInfo stat(String path);

    /**
     * Lists a directory.
     *
     * @param path the directory
     * @param limit the most entries that are answered; any of them where there are more
     * @return its entries without {@code .} and {@code ..}, sorted by path
     */
    List<FileInfo> list(String path, int limit);

    /**
     * Makes a directory and those above it. Does nothing if it exists.
     *
     * @param path the directory
     */
    void makeDirectory(String path);

    /**
     * Renames a file or directory, replacing a file that is there. What is a directory is never replaced: {@code
     * is_a_directory}; a directory does not replace a file: {@code not_a_directory}.
     *
     * @param from the old path
     * @param to the new path; the directory above it must exist
     */
    void move(String from, String to);

    /**
     * Removes a file, a link or an empty directory, or a whole tree. Links are not followed.
     *
     * @param path what to remove
     * @param recursive whether a directory may have something in it
     */
    void remove(String path, boolean recursive);

    /**
     * Sets the permission bits.
     *
     * @param path the file, a link followed
     * @param mode from 0 to 07777 octal
     */
    void setMode(String path, int mode);

    /**
     * Unpacks a tar archive into a directory, which is made if it does not exist.
     *
     * @param path the directory
     * @param tar a POSIX tar archive; read to its end, not closed
     */
    void unpack(String path, InputStream tar);

    /**
     * Packs a directory as a tar archive with names relative to it.
     *
     * @param path the directory
     * @return the archive: hostile input; to be closed. Reading throws {@link java.io.IOException} if it is not complete
     */
    InputStream pack(String path);

    /**
     * Takes down how a directory and all that is in it are. What the user may not look into seems empty.
     *
     * <p>The default lists one directory after another and cannot tell a change within the same second that leaves the size
     * as it is.
     *
     * @param directory the directory; a link is followed
     * @param recursive whether directories below are looked into too; links there are not followed
     * @param limit the most that are taken down, more than 0
     * @return the directory itself and what is in it, in any order, each once
     * @throws dev.sandkeeper.FileAccessException also {@code too_many_entries} if there is more than the limit, or if the
     *     answer would be longer than a kilobyte for each
     */
    default List<FileState> scan(String directory, boolean recursive, int limit) {
        return new TreeWalk(this, limit).walk(directory, recursive);
    }
}

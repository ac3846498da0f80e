package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/**
 * Removes what a sandbox has left, which may be any tree that a hostile program can make. Links are removed, never followed. A
 * directory inside a directory is moved to the top before it is emptied: so the depth of the tree costs neither stack nor open
 * files, and no path is ever long. Names are only handed back to the kernel, so they need not be text.
 *
 * <p>No process may be left that could change the tree meanwhile; several callers may remove the same one.
 */
final class TreeRemoval {
    private TreeRemoval() {}

    /** Removes a file or directory. Does nothing if there is none. */
    static void remove(Path path) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(path);
            return;
        }
        boolean emptied = false;
        while (!emptied) {
            try {
                open(path);
                empty(path);
                Files.deleteIfExists(path);
                emptied = true;
            } catch (NoSuchFileException e) {
                return;
            } catch (DirectoryNotEmptyException e) {
                // What was moved up while the directory was being read may not have been seen: once more.
                emptied = false;
            }
        }
    }

    private static void empty(Path top) throws IOException {
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(top)) {
            SecureDirectoryStream<Path> entries = secure(stream, top);
            for (Path entry : entries) {
                Path name = entry.getFileName();
                if (!isDirectory(entries, name)) {
                    deleteFile(entries, name);
                } else {
                    open(top.resolve(name));
                    flatten(entries, top, name);
                }
            }
        }
    }

    /** Removes one directory of the top after its files are deleted and its directories have become its siblings. */
    private static void flatten(SecureDirectoryStream<Path> top, Path topPath, Path name) throws IOException {
        try (SecureDirectoryStream<Path> directory = top.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
            for (Path entry : directory) {
                Path child = entry.getFileName();
                if (!isDirectory(directory, child)) {
                    deleteFile(directory, child);
                    continue;
                }
                // To be renamed, a directory must be writable for its owner.
                open(topPath.resolve(name).resolve(child));
                move(directory, child, top);
            }
        } catch (NoSuchFileException e) {
            return;
        }
        try {
            top.deleteDirectory(name);
        } catch (NoSuchFileException | DirectoryNotEmptyException e) {
            // Somebody else has done it, or the next round will.
            return;
        }
    }

    private static void move(SecureDirectoryStream<Path> from, Path name, SecureDirectoryStream<Path> to)
            throws IOException {
        try {
            from.move(name, to, Path.of("removed-" + UUID.randomUUID()));
        } catch (NoSuchFileException e) {
            // Somebody else has done it.
            return;
        }
    }

    private static void deleteFile(SecureDirectoryStream<Path> directory, Path name) throws IOException {
        try {
            directory.deleteFile(name);
        } catch (NoSuchFileException e) {
            // Somebody else has done it.
            return;
        }
    }

    private static boolean isDirectory(SecureDirectoryStream<Path> directory, Path name) throws IOException {
        try {
            return directory
                    .getFileAttributeView(
                            name, java.nio.file.attribute.BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .readAttributes()
                    .isDirectory();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Gives the owner all rights to a directory that its owner may have taken from himself. */
    private static void open(Path directory) throws IOException {
        try {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        } catch (NoSuchFileException e) {
            return;
        } catch (AccessDeniedException e) {
            throw new IOException("cannot remove " + directory + ": it belongs to somebody else", e);
        }
    }

    private static SecureDirectoryStream<Path> secure(DirectoryStream<Path> stream, Path path) throws IOException {
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        throw new IOException("the file system of " + path + " cannot be walked safely");
    }
}

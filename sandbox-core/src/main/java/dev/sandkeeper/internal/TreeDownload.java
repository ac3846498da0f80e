package dev.sandkeeper.internal;

import dev.sandkeeper.TransferOptions;
import dev.sandkeeper.TransferReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes files and directories from a tar archive of a sandbox, strictly below a directory that was empty at first. Whatever
 * else the archive holds is skipped and counted. Nothing is replaced and no link is ever made, so none can be followed.
 */
public final class TreeDownload {
    private static final int LONGEST_NAME = 255;
    private static final Set<StandardOpenOption> NEW = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

    private final Path root;
    private final Transfer transfer;
    private final boolean posix;
    private final byte[] chunk = new byte[FileShell.BUFFER];

    /**
     * Begins.
     *
     * @param root an empty directory, absolute
     * @param options limits and listener
     * @param backend the backend's name, for messages
     */
    public TreeDownload(Path root, TransferOptions options, String backend) {
        this.root = root;
        this.transfer = new Transfer(options, new FileFailures("download to " + root, backend));
        this.posix = root.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /**
     * Makes everything.
     *
     * @param archive read to its end, not closed
     * @return what was made and skipped
     * @throws IOException if the archive is broken or the host's disk fails; what was made so far stays
     * @throws dev.sandkeeper.FileAccessException if a limit is passed; what was made so far stays
     */
    public TransferReport from(InputStream archive) throws IOException {
        TarReader tar = new TarReader(archive);
        for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
            List<String> names = names(entry.name());
            if (names != null && names.isEmpty() && entry.kind() == TarReader.Kind.DIRECTORY) {
                continue;
            }
            if (names == null || names.isEmpty() || !make(tar, entry, names)) {
                transfer.skipped(entry.name());
            }
        }
        return transfer.report();
    }

    private boolean make(TarReader tar, TarReader.Entry entry, List<String> names) throws IOException {
        return switch (entry.kind()) {
            case DIRECTORY -> directory(names) != null;
            case FILE -> {
                transfer.file(entry.size());
                Path parent = directory(names.subList(0, names.size() - 1));
                Path path = parent == null ? null : HostNames.in(parent, names.get(names.size() - 1));
                yield path != null && file(tar, path, entry.mode());
            }
            case OTHER -> false;
        };
    }

    /** False if there is one of that name. */
    private boolean file(TarReader tar, Path path, int mode) throws IOException {
        boolean executable = posix && (mode & 0111) != 0;
        FileAttribute<?>[] attributes = executable
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxrwxrwx"))
                }
                : new FileAttribute<?>[0];
        try (OutputStream out = Channels.newOutputStream(FileChannel.open(path, NEW, attributes))) {
            for (int part = tar.read(chunk); part >= 0; part = tar.read(chunk)) {
                out.write(chunk, 0, part);
                transfer.moved(part);
            }
        } catch (FileAlreadyExistsException e) {
            return false;
        }
        transfer.fileDone();
        return true;
    }

    /** Null if something else is in the way, or this host cannot have such a name. */
    private @Nullable Path directory(List<String> names) throws IOException {
        Path directory = root;
        for (String name : names) {
            Path next = HostNames.in(directory, name);
            if (next == null) {
                return null;
            }
            if (!Files.isDirectory(next, LinkOption.NOFOLLOW_LINKS)) {
                try {
                    Files.createDirectory(next);
                } catch (FileAlreadyExistsException e) {
                    return null;
                }
                transfer.directory();
            }
            directory = next;
        }
        return directory;
    }

    /** Null for a name that leads anywhere but down. */
    private static @Nullable List<String> names(String path) {
        if (path.isEmpty() || path.startsWith("/")) {
            return null;
        }
        List<String> names = new ArrayList<>();
        for (String name : path.split("/", -1)) {
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..") || PathBytes.encode(name).length > LONGEST_NAME) {
                return null;
            }
            names.add(name);
        }
        return names;
    }
}

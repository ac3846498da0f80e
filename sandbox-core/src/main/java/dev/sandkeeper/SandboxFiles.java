package dev.sandkeeper;

import dev.sandkeeper.internal.FileModes;
import dev.sandkeeper.internal.PathBytes;
import dev.sandkeeper.internal.SandboxPaths;
import dev.sandkeeper.internal.TreeDownload;
import dev.sandkeeper.internal.TreeUpload;
import dev.sandkeeper.spi.BackendFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a sandbox. Safe from many threads; every operation counts as activity of the sandbox while it lasts.
 *
 * <p>A path is relative to {@link SandboxSpec#WORKSPACE} or absolute. A relative one may not leave the workspace by
 * {@code ..}; an absolute one names any place in the sandbox that its user may use. Links are followed inside the sandbox
 * and lead nowhere on the host. What is not UTF-8 in a name is described at {@link FileInfo#path()}.
 *
 * <p>Every method may throw {@link FileAccessException}, with a code of its own for each thing that can be wrong with a
 * file; {@link SandboxGoneException} and {@link HandleClosedException} after the end; {@link SandboxTimeoutException} if
 * nothing moved for too long, as with a pipe that nobody serves; {@link BackendUnavailableException} if the connection was
 * lost; {@link SandboxInterruptedException} if the thread was interrupted; and {@link IllegalArgumentException} for a path
 * that is empty, has a NUL or half a surrogate pair, or leaves the workspace. What the sandbox answers is hostile: show it or compare it, do not trust
 * it.
 */
public final class SandboxFiles {
    /** The most bytes that {@link #read} and {@link #readString} take: 16 MiB. */
    public static final int MAX_READ = 16 << 20;

    /** The most entries that {@link #list(String)} takes: 10,000. */
    public static final int MAX_ENTRIES = 10_000;

    private static final int KEEP_MODE = -1;

    private final BackendFiles files;
    private final Activity activity;
    private final SandboxId id;
    private final String backend;
    private final Watches watches;

    SandboxFiles(BackendFiles files, Activity activity, SandboxId id, String backend, Watches watches) {
        this.files = files;
        this.activity = activity;
        this.id = id;
        this.backend = backend;
        this.watches = watches;
    }

    /**
     * Writes a text file as UTF-8; as {@link #write(String, InputStream)}.
     *
     * @param path the file
     * @param text its content
     */
    public void write(String path, String text) {
        write(path, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Writes a file; as {@link #write(String, InputStream)}.
     *
     * @param path the file
     * @param content its content
     */
    public void write(String path, byte[] content) {
        write(path, new ByteArrayInputStream(content));
    }

    /**
     * Writes a file, of any size. Whoever reads it sees the old content or the whole new one: it is written under a
     * temporary name beside it and then renamed. Directories above it are made. A file that was there is replaced and its
     * permission bits are kept, a new one has 0644; a link is replaced, not followed.
     *
     * @param path the file
     * @param content its content; read to its end, not closed
     */
    public void write(String path, InputStream content) {
        send(path, content, KEEP_MODE);
    }

    /**
     * Writes a file with given permission bits; else as {@link #write(String, InputStream)}.
     *
     * @param path the file
     * @param content its content; read to its end, not closed
     * @param mode from 0 to 07777 octal
     */
    public void write(String path, InputStream content, int mode) {
        send(path, content, FileModes.check(mode));
    }

    private void send(String path, InputStream content, int mode) {
        Objects.requireNonNull(content, "content");
        String absolute = resolved(path);
        during(() -> files.write(absolute, content, mode));
    }

    /**
     * Writes a file of the host; else as {@link #write(String, InputStream)}.
     *
     * @param path the file in the sandbox
     * @param hostFile the host's file; a link is followed
     */
    public void write(String path, Path hostFile) {
        resolved(path);
        try (InputStream content = Files.newInputStream(hostFile)) {
            write(path, content);
        } catch (IOException e) {
            throw hostFailed("read " + hostFile, e);
        } catch (FileAccessException e) {
            throw e.getCause() instanceof IOException cause ? hostFailed("read " + hostFile, cause) : e;
        }
    }

    /**
     * Adds text to the end of a file as UTF-8; as {@link #append(String, InputStream)}.
     *
     * @param path the file
     * @param text what to add
     */
    public void append(String path, String text) {
        append(path, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Adds to the end of a file; as {@link #append(String, InputStream)}.
     *
     * @param path the file
     * @param content what to add
     */
    public void append(String path, byte[] content) {
        append(path, new ByteArrayInputStream(content));
    }

    /**
     * Adds to the end of a file, which is made if it does not exist, and so are the directories above it. Not atomic.
     *
     * @param path the file; a link is followed
     * @param content what to add; read to its end, not closed
     */
    public void append(String path, InputStream content) {
        Objects.requireNonNull(content, "content");
        String absolute = resolved(path);
        during(() -> files.append(absolute, content));
    }

    /**
     * Reads a file of at most {@link #MAX_READ} bytes.
     *
     * @param path the file
     * @return its content
     * @throws FileAccessException {@code file_too_large} if it has more; {@link #open} reads any size
     */
    public byte[] read(String path) {
        String absolute = resolved(path);
        return during(() -> {
            try (InputStream content = files.read(absolute)) {
                byte[] bytes = content.readNBytes(MAX_READ + 1);
                if (bytes.length > MAX_READ) {
                    throw failed(
                            "file_too_large",
                            "cannot read " + shown(absolute) + " at once: it has more than " + MAX_READ + " bytes",
                            "Read it with open(path)",
                            null);
                }
                return bytes;
            } catch (IOException e) {
                throw incomplete("read " + shown(absolute), e);
            }
        });
    }

    /**
     * Reads a text file of at most {@link #MAX_READ} bytes.
     *
     * @param path the file
     * @return its content as UTF-8, with U+FFFD for what is not
     * @throws FileAccessException {@code file_too_large} if it has more; {@link #open} reads any size
     */
    public String readString(String path) {
        return new String(read(path), StandardCharsets.UTF_8);
    }

    /**
     * Opens a file of any size for reading.
     *
     * @param path the file
     * @return its content, as it comes; to be closed, and activity until then. Reading throws {@link IOException} if the
     *     content is not complete, with a {@link SandboxException} as its cause
     */
    public InputStream open(String path) {
        String absolute = resolved(path);
        Activity.Scope scope = activity.begin();
        try {
            return new ActiveStream(files.read(absolute), scope);
        } catch (SandboxException e) {
            SandboxException told = scope.explained(e);
            scope.close();
            throw told;
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    /**
     * Lists a directory of at most {@link #MAX_ENTRIES} entries.
     *
     * @param path the directory
     * @return its entries, sorted by path
     * @throws FileAccessException {@code too_many_entries} if it has more
     */
    public List<FileInfo> list(String path) {
        List<FileInfo> entries = list(path, MAX_ENTRIES + 1);
        if (entries.size() > MAX_ENTRIES) {
            throw failed(
                    "too_many_entries",
                    "cannot list " + shown(path) + " as a whole: it has more than " + MAX_ENTRIES + " entries",
                    "List a part of it with list(path, limit)",
                    null);
        }
        return entries;
    }

    /**
     * Lists a directory, or some of it.
     *
     * @param path the directory
     * @param limit the most entries that are answered, more than 0
     * @return its entries, sorted by path; any of them where there are more than the limit
     */
    public List<FileInfo> list(String path, int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be > 0: " + limit);
        }
        String absolute = resolved(path);
        return during(() -> files.list(absolute, limit));
    }

    /**
     * Looks at a file. A link is not followed.
     *
     * @param path the file
     * @return what is known of it
     * @throws FileAccessException {@code file_not_found} if there is none
     */
    public FileInfo stat(String path) {
        String absolute = resolved(path);
        return during(() -> files.stat(absolute));
    }

    /**
     * Looks for a file. A link is not followed.
     *
     * @param path the file
     * @return what is known of it, or nothing if there is none
     */
    public Optional<FileInfo> find(String path) {
        try {
            return Optional.of(stat(path));
        } catch (FileAccessException e) {
            if (e.code().equals("file_not_found") || e.code().equals("not_a_directory")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Whether there is something of that name. A link is not followed.
     *
     * @param path the file
     * @return true if there is
     */
    public boolean exists(String path) {
        return find(path).isPresent();
    }

    /**
     * Makes a directory and those above it. Does nothing if it exists.
     *
     * @param path the directory
     */
    public void makeDirectory(String path) {
        String absolute = resolved(path);
        during(() -> files.makeDirectory(absolute));
    }

    /**
     * Renames a file or directory, and replaces a file that is there; a directory that is there is left alone and the call
     * fails. Atomic within one file system.
     *
     * @param from the old path
     * @param to the new path; the directory above it must exist
     */
    public void move(String from, String to) {
        String absoluteFrom = resolvedRemovable(from);
        String absoluteTo = resolved(to);
        during(() -> files.move(absoluteFrom, absoluteTo));
    }

    /**
     * Removes a file, a link or an empty directory.
     *
     * @param path what to remove; neither the workspace itself nor the root
     * @throws FileAccessException {@code directory_not_empty} if there is something in it: see {@link #removeAll};
     *     {@code file_not_found} if there is nothing of that name
     */
    public void remove(String path) {
        String absolute = resolvedRemovable(path);
        during(() -> files.remove(absolute, false));
    }

    /**
     * Removes a file, a link, or a directory with all that is in it. Links are not followed. Does nothing if there is nothing
     * of that name.
     *
     * @param path what to remove; neither the workspace itself nor the root
     */
    public void removeAll(String path) {
        String absolute = resolvedRemovable(path);
        try {
            during(() -> files.remove(absolute, true));
        } catch (FileAccessException e) {
            if (!e.code().equals("file_not_found")) {
                throw e;
            }
        }
    }

    /**
     * Sets the permission bits.
     *
     * @param path the file; a link is followed
     * @param mode from 0 to 07777 octal
     */
    public void setMode(String path, int mode) {
        String absolute = resolved(path);
        FileModes.check(mode);
        during(() -> files.setMode(absolute, mode));
    }

    /**
     * As {@link #upload(Path, String, TransferOptions)}, with {@link TransferOptions#defaults()}.
     *
     * @param hostDirectory the host's directory
     * @param target the directory in the sandbox
     * @return what was sent
     */
    public TransferReport upload(Path hostDirectory, String target) {
        return upload(hostDirectory, target, TransferOptions.defaults());
    }

    /**
     * Sends all that is in a directory of the host into a directory of the sandbox, as one stream. What is there stays, but
     * for files of the same names. Ordinary files and directories go up, with the executable bit but without owner and other
     * permissions; no link is followed, and those that are relative and stay within the directory go up as links. The rest is
     * skipped and counted. Not atomic: after a failure, some of it may be there.
     *
     * @param hostDirectory the host's directory
     * @param target the directory in the sandbox; made if it does not exist
     * @param options limits and listener
     * @return what was sent
     * @throws FileAccessException also {@code file_too_large} or {@code too_many_entries} if a limit is passed, and
     *     {@code host_file_failed} if the host's directory cannot be read
     */
    public TransferReport upload(Path hostDirectory, String target, TransferOptions options) {
        Path root = local(hostDirectory);
        String absolute = resolved(target);
        if (!Files.isDirectory(root)) {
            throw new IllegalArgumentException("hostDirectory must be a directory: " + hostDirectory);
        }
        refuseIfInterrupted();
        try (TreeUpload tree = new TreeUpload(root.toRealPath(), options, backend)) {
            return during(() -> {
                files.unpack(absolute, tree);
                return tree.report();
            });
        } catch (IOException e) {
            throw hostFailed("upload " + hostDirectory, e);
        } catch (FileAccessException e) {
            throw e.getCause() instanceof IOException cause ? hostFailed("upload " + hostDirectory, cause) : e;
        }
    }

    /**
     * As {@link #download(String, Path, TransferOptions)}, with {@link TransferOptions#defaults()}.
     *
     * @param source the directory in the sandbox
     * @param hostDirectory the host's directory
     * @return what was made and what was skipped
     */
    public TransferReport download(String source, Path hostDirectory) {
        return download(source, hostDirectory, TransferOptions.defaults());
    }

    /**
     * Fetches all that is in a directory of the sandbox into an empty directory of the host, as one stream. Only ordinary
     * files and directories are made, strictly below the host's directory, with the executable bit and else the host's
     * defaults for permissions, owner and times. Links (hard links too: a file with two names comes once), devices, pipes and
     * names that lead out are skipped and counted. After a failure, what has arrived so far stays.
     *
     * @param source the directory in the sandbox
     * @param hostDirectory the host's directory: empty, or made if it does not exist. Nobody else may write there meanwhile
     * @param options limits and listener
     * @return what was made and what was skipped
     * @throws FileAccessException also {@code file_too_large} or {@code too_many_entries} if a limit is passed, and
     *     {@code host_file_failed} if the host's directory cannot be written
     */
    public TransferReport download(String source, Path hostDirectory, TransferOptions options) {
        Path root = local(hostDirectory);
        String absolute = resolved(source);
        requireEmpty(root);
        refuseIfInterrupted();
        return during(() -> {
            try (InputStream archive = files.pack(absolute)) {
                return new TreeDownload(Files.createDirectories(root), options, backend).from(archive);
            } catch (IOException e) {
                throw incomplete("download " + shown(absolute) + " to " + hostDirectory, e);
            }
        });
    }

    private void requireEmpty(Path root) {
        if (!Files.exists(root)) {
            return;
        }
        if (!Files.isDirectory(root)) {
            throw new IllegalArgumentException("hostDirectory must be a directory: " + root);
        }
        try (Stream<Path> entries = Files.list(root)) {
            if (entries.findAny().isPresent()) {
                throw new IllegalArgumentException("hostDirectory must be empty or new: " + root
                        + ". Name another one, and move what arrives there");
            }
        } catch (IOException e) {
            throw hostFailed("look into " + root, e);
        }
    }

    private static Path local(Path directory) {
        if (!directory.getFileSystem().equals(FileSystems.getDefault())) {
            throw new IllegalArgumentException("hostDirectory must be on the default file system: " + directory);
        }
        return directory.toAbsolutePath().normalize();
    }

    /**
     * As {@link #watch(String, WatchOptions, FileChangeListener)}, with {@link WatchOptions#defaults()}.
     *
     * @param directory what to watch
     * @param listener hears of the changes
     * @return the watch; to be closed
     */
    public FileWatch watch(String directory, FileChangeListener listener) {
        return watch(directory, WatchOptions.defaults(), listener);
    }

    /**
     * Watches a directory for files that are made, changed or removed, by whomever, from when this call returns. On every
     * backend: the tree is looked at again and again, each time by one short command in the sandbox, and compared with how it
     * was before. So what comes and goes between two looks is not told, several changes of a file are one, and a renamed file
     * is one removed and one created. Content is not compared: a change shows by size, times and identity of a file, and where
     * the sandbox tells times to the second only, one within the same second that leaves the size may not show.
     *
     * <p>A directory has changed if its permissions have; what happens in it is told by itself. Links are not followed, but
     * for one that the directory itself is. If the directory goes away, it is told as removed with all that was in it, and as
     * created once it is back. What the sandbox's user may not look into seems empty. A file that is just being written by
     * {@link #write(String, byte[])} and its like is not told of until it has its name.
     *
     * <p>Watching is no activity: it does not keep a sandbox from being idle. A watch ends with its sandbox, and with this
     * handle of it.
     *
     * @param directory what to watch
     * @param options how
     * @param listener hears of the changes
     * @return the watch; to be closed
     * @throws FileAccessException also {@code too_many_entries} if there is more than {@link WatchOptions#maxEntries()}. If
     *     that happens later, the listener is told of {@link FileChange.Kind#MISSED}
     */
    public FileWatch watch(String directory, WatchOptions options, FileChangeListener listener) {
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(listener, "listener");
        String absolute = resolved(directory);
        return during(() -> watches.open(absolute, options, listener));
    }

    private String resolved(String path) {
        return checked(SandboxPaths.resolve(path));
    }

    private String resolvedRemovable(String path) {
        return checked(SandboxPaths.resolveRemovable(path));
    }

    /** What no Linux can have is refused here, so that it is the same on every backend. */
    private String checked(String absolute) {
        if (PathBytes.encode(absolute).length > PathBytes.LONGEST) {
            throw failed(
                    "file_access_failed",
                    "cannot use " + shown(absolute) + ": the path is longer than " + PathBytes.LONGEST + " bytes",
                    "Use a shorter one",
                    null);
        }
        return absolute;
    }

    private void during(Runnable operation) {
        during(() -> {
            operation.run();
            return true;
        });
    }

    private <T> T during(Supplier<T> operation) {
        Activity.Scope scope = activity.begin();
        try {
            return operation.get();
        } catch (FileAccessException e) {
            throw e.getCause() instanceof IOException cause && isInterrupt(cause)
                    ? interrupted(cause)
                    : scope.explained(e);
        } catch (SandboxException e) {
            throw scope.explained(e);
        } finally {
            scope.close();
        }
    }

    /** Before anything is made, also where there is nothing that would wait. */
    private void refuseIfInterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(null);
        }
    }

    /** A channel of the host fails if its thread is interrupted, whoever reads from it or writes to it. */
    private static boolean isInterrupt(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ClosedByInterruptException || cause instanceof InterruptedException) {
                return true;
            }
            // also what a timeout throws
            if (cause instanceof InterruptedIOException
                    && Thread.currentThread().isInterrupted()) {
                return true;
            }
        }
        return false;
    }

    private SandboxInterruptedException interrupted(@Nullable IOException cause) {
        Thread.currentThread().interrupt();
        return new SandboxInterruptedException(
                Failure.of("interrupted", "the thread was interrupted during a file operation")
                        .backend(backend)
                        .sandbox(id)
                        .cause(cause));
    }

    /** The sandbox's own fault is behind the stream's, if it was one; else it was the host or a broken archive. */
    private SandboxException incomplete(String what, IOException e) {
        if (e.getCause() instanceof SandboxException fault) {
            return fault;
        }
        if (isInterrupt(e)) {
            return interrupted(e);
        }
        if (e instanceof FileSystemException) {
            return hostFailed(what, e);
        }
        return failed("file_access_failed", "cannot " + what + ": " + e.getMessage(), null, e);
    }

    private FileAccessException hostFailed(String what, IOException e) {
        return failed(
                "host_file_failed",
                "cannot " + what + " on the host: " + e.getClass().getSimpleName(),
                null,
                e);
    }

    private FileAccessException failed(
            String code, String message, @Nullable String remedy, @Nullable IOException cause) {
        Failure failure = Failure.of(code, message).backend(backend).sandbox(id).cause(cause);
        return new FileAccessException(remedy == null ? failure : failure.remedy(remedy));
    }

    private static String shown(String path) {
        return PathBytes.printable(path);
    }
}

package dev.sandkeeper.internal;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.FileState;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of any sandbox that has a POSIX shell with stat, find, tar and the like: busybox or GNU. Everything happens inside
 * the sandbox, in one process a call, so that no planted link leads the host anywhere. What the sandbox answers is bounded
 * and parsed strictly.
 *
 * <ul>
 *   <li>A link is replaced by {@link #write} and {@link #move}, unless it leads to a directory, and followed by
 *       {@link #append}, {@link #read}, {@link #list}, {@link #setMode}, {@link #unpack} and {@link #pack}.
 *   <li>Looking, listing, making a directory and setting the mode end after 60 seconds, moving and removing after 10
 *       minutes. What streams ends when nothing has moved for 60 seconds; how long the caller takes is not counted.
 *   <li>Interrupted callers get {@link dev.sandkeeper.SandboxInterruptedException}, flag set, after the process in the
 *       sandbox was ended.
 * </ul>
 */
public final class ShellFiles implements BackendFiles {
    private static final Logger LOG = LoggerFactory.getLogger(ShellFiles.class);
    private static final Duration SHORT = Duration.ofSeconds(60);
    private static final Duration TIDYING = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofMinutes(10);
    /** What fits a pipe goes without a thread of its own. */
    private static final int SMALL = BackendSandbox.SMALL_INPUT;
    /** Name of 255 bytes, three numbers and what stands between them, rounded up. */
    private static final int LONGEST_ENTRY = 400;

    private final String backend;
    private final FileShell shell;

    /**
     * Works on a sandbox.
     *
     * @param sandbox where the scripts are started
     * @param backend the backend's name, for messages
     * @param executor runs two tasks for each large write and one for each open stream; they block. Refusing a task is
     *     reported as {@link dev.sandkeeper.HandleClosedException}
     */
    public ShellFiles(BackendSandbox sandbox, String backend, Executor executor) {
        this(sandbox, backend, executor, SHORT);
    }

    ShellFiles(BackendSandbox sandbox, String backend, Executor executor, Duration idle) {
        this(
                (request, input) -> input == null ? sandbox.start(request) : sandbox.start(request, input),
                backend,
                executor,
                idle);
    }

    /**
     * Works on a sandbox that runs our scripts in a way of its own.
     *
     * @param scripts starts them
     * @param backend as above
     * @param executor as above
     */
    public ShellFiles(Scripts scripts, String backend, Executor executor) {
        this(scripts, backend, executor, SHORT);
    }

    private ShellFiles(Scripts scripts, String backend, Executor executor, Duration idle) {
        this.backend = backend;
        this.shell = new FileShell(scripts, backend, executor, idle);
    }

    /** Starts scripts of ours. Safe from many threads. */
    public interface Scripts {
        /**
         * Starts one.
         *
         * @param request {@code sh}, {@code -c}, the script, a name for {@code $0}, and what is {@code $1} and so on
         * @param input as {@link BackendSandbox#start(ProcessRequest, byte[])}; null if the request has a stream, or nothing
         *     to read
         * @return the started script
         */
        BackendProcess start(ProcessRequest request, byte @Nullable [] input);
    }

    @Override
    public void write(String path, InputStream content, int mode) {
        FileFailures failures = failures("write", path);
        String target = argument(path, failures);
        String name = Tags.next();
        String bits = mode == -1 ? "-" : Integer.toOctalString(FileModes.check(mode));
        byte[] first = start(content, failures);
        String temporary = TemporaryName.beside(target, name);
        Runnable tidy = () -> removeQuietly(temporary);
        if (first.length < SMALL) {
            List<String> arguments = List.of(target, bits, name, Integer.toString(first.length));
            shell.run(FileScript.WRITE, arguments, first, SHORT, 0, failures, tidy);
        } else {
            byte[] trailer = name.getBytes(StandardCharsets.US_ASCII);
            shell.feed(FileScript.WRITE, List.of(target, bits, name, "-"), first, content, trailer, failures, tidy);
        }
    }

    /** A script that was killed has left its temporary file. */
    private void removeQuietly(String argument) {
        try {
            shell.run(
                    FileScript.REMOVE,
                    List.of(argument, "-"),
                    null,
                    TIDYING,
                    0,
                    failures("remove", argument),
                    () -> {});
        } catch (SandboxException e) {
            LOG.debug("nothing to remove, or it cannot be", e);
        }
    }

    @Override
    public void append(String path, InputStream content) {
        FileFailures failures = failures("append to", path);
        List<String> arguments = List.of(argument(path, failures));
        byte[] first = start(content, failures);
        if (first.length < SMALL) {
            shell.run(FileScript.APPEND, arguments, first, SHORT, 0, failures, () -> {});
        } else {
            shell.feed(FileScript.APPEND, arguments, first, content, new byte[0], failures, () -> {});
        }
    }

    @Override
    public InputStream read(String path) {
        FileFailures failures = failures("read", path);
        return shell.open(FileScript.READ, List.of(argument(path, failures)), failures);
    }

    @Override
    public FileInfo stat(String path) {
        FileFailures failures = failures("look at", path);
        byte[] answer = ask(FileScript.STAT, List.of(argument(path, failures)), SHORT, 100, failures);
        String line = new String(answer, StandardCharsets.US_ASCII);
        if (!line.endsWith("\n")) {
            throw failures.malformed("one without an end");
        }
        return info(path, line.substring(0, line.length() - 1), failures);
    }

    @Override
    public List<FileInfo> list(String path, int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be > 0: " + limit);
        }
        FileFailures failures = failures("list", path);
        int most = (int) Math.min((limit + 1L) * LONGEST_ENTRY, 1 << 30);
        List<String> arguments = List.of(argument(path, failures), Integer.toString(most));
        byte[] answer = ask(FileScript.LIST, arguments, SHORT, most, failures);
        String directory = path.endsWith("/") ? path : path + "/";
        List<FileInfo> entries = new ArrayList<>();
        int position = entryEnd(answer, 0);
        if (position < 0 || !text(answer, 0, position).endsWith(" .")) {
            throw failures.malformed("one without the directory itself");
        }
        while (position < answer.length && entries.size() < limit) {
            int end = entryEnd(answer, position);
            if (end < 0) {
                throw failures.malformed("an entry without an end");
            }
            entries.add(entry(directory, text(answer, position, end), failures));
            position = end;
        }
        entries.sort(Comparator.comparing(FileInfo::path));
        return List.copyOf(entries);
    }

    @Override
    public List<FileState> scan(String directory, boolean recursive, int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be > 0: " + limit);
        }
        FileFailures failures = failures("look through", directory);
        int most = (int) Math.min((limit + 1L) << 10, 1 << 30);
        List<String> arguments = List.of(argument(directory, failures), recursive ? "-" : "1", Integer.toString(most));
        byte[] answer = ask(FileScript.SCAN, arguments, SHORT, most, failures);
        return new TreeScan(directory, limit, failures).parse(answer);
    }

    @Override
    public void makeDirectory(String path) {
        FileFailures failures = failures("make the directory", path);
        ask(FileScript.MAKE_DIRECTORY, List.of(argument(path, failures)), SHORT, 0, failures);
    }

    @Override
    public void move(String from, String to) {
        FileFailures failures =
                new FileFailures("move " + PathBytes.printable(from) + " to " + PathBytes.printable(to), backend);
        List<String> arguments = List.of(argument(from, failures), argument(to, failures));
        ask(FileScript.MOVE, arguments, LONG, 0, failures);
    }

    @Override
    public void remove(String path, boolean recursive) {
        FileFailures failures = failures("remove", path);
        List<String> arguments = List.of(argument(path, failures), recursive ? "tree" : "one");
        ask(FileScript.REMOVE, arguments, LONG, 0, failures);
    }

    @Override
    public void setMode(String path, int mode) {
        FileFailures failures = failures("set the mode of", path);
        // GNU chmod leaves the upper bits of a directory alone unless there are five digits
        String bits = String.format(Locale.ROOT, "%05o", FileModes.check(mode));
        ask(FileScript.SET_MODE, List.of(argument(path, failures), bits), SHORT, 0, failures);
    }

    @Override
    public void unpack(String path, InputStream tar) {
        FileFailures failures = failures("unpack into", path);
        List<String> arguments = List.of(argument(path, failures));
        shell.feed(FileScript.UNPACK, arguments, start(tar, failures), tar, new byte[0], failures, () -> {});
    }

    @Override
    public InputStream pack(String path) {
        FileFailures failures = failures("pack", path);
        return shell.open(FileScript.PACK, List.of(argument(path, failures)), failures);
    }

    private byte[] ask(FileScript script, List<String> arguments, Duration deadline, int most, FileFailures failures) {
        return shell.run(script, arguments, null, deadline, most, failures, () -> {});
    }

    private static byte[] start(InputStream content, FileFailures failures) {
        try {
            return content.readNBytes(SMALL);
        } catch (IOException e) {
            throw failures.contentFailed(e);
        }
    }

    private static String argument(String path, FileFailures failures) {
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("path must be absolute: " + PathBytes.printable(path));
        }
        if (path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("path must not contain NUL: " + PathBytes.printable(path));
        }
        int end = path.length();
        while (end > 1 && path.charAt(end - 1) == '/') {
            end--;
        }
        byte[] bytes = PathBytes.encode(path.substring(0, end));
        if (bytes.length > PathBytes.LONGEST) {
            throw failures.access(
                    "file_access_failed",
                    "the path is longer than " + PathBytes.LONGEST + " bytes",
                    "Use a shorter one");
        }
        return PathBytes.argument(bytes);
    }

    /** After the next two slashes and line feed; -1 if there are none. */
    static int entryEnd(byte[] answer, int from) {
        for (int i = from + 2; i < answer.length; i++) {
            if (answer[i] == '\n' && answer[i - 1] == '/' && answer[i - 2] == '/') {
                return i + 1;
            }
        }
        return -1;
    }

    private static String text(byte[] answer, int start, int end) {
        return PathBytes.decode(answer, start, end - 3 - start);
    }

    private static FileInfo entry(String directory, String text, FileFailures failures) {
        int name = -1;
        for (int i = 0; i < 3; i++) {
            name = text.indexOf(' ', name + 1);
            if (name < 0) {
                throw failures.malformed("an entry with too few fields");
            }
        }
        if (!text.startsWith("./", name + 1)
                || text.length() == name + 3
                || text.indexOf('/', name + 3) >= 0
                || text.indexOf('\0') >= 0) {
            throw failures.malformed("an entry with a strange name");
        }
        return info(directory + text.substring(name + 3), text.substring(0, name), failures);
    }

    private static FileInfo info(String path, String fields, FileFailures failures) {
        String[] parts = fields.split(" ", -1);
        try {
            if (parts.length != 3) {
                throw failures.malformed("not three fields");
            }
            int bits = Integer.parseUnsignedInt(parts[0], 16);
            long size = Long.parseLong(parts[1]);
            if (size < 0) {
                throw failures.malformed("a negative size");
            }
            Instant modifiedAt = Instant.ofEpochSecond(Long.parseLong(parts[2]));
            return new FileInfo(path, type(bits), size, bits & 07777, modifiedAt);
        } catch (NumberFormatException | DateTimeException e) {
            FileAccessException malformed = failures.malformed("fields that are not numbers");
            malformed.addSuppressed(e);
            throw malformed;
        }
    }

    static FileInfo.Type type(int bits) {
        return switch (bits & 0170000) {
            case 0100000 -> FileInfo.Type.FILE;
            case 0040000 -> FileInfo.Type.DIRECTORY;
            case 0120000 -> FileInfo.Type.SYMBOLIC_LINK;
            default -> FileInfo.Type.OTHER;
        };
    }

    private FileFailures failures(String verb, String path) {
        return new FileFailures(verb + " " + PathBytes.printable(path), backend);
    }
}

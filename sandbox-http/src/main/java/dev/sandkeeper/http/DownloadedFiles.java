package dev.sandkeeper.http;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.FileState;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of a sandbox: by scripts inside, as everywhere, but for reading an ordinary file, which the provider's daemon hands out in
 * one request. What it refuses, or says is empty, the script is asked for, which knows what is wrong with a file and reads those of
 * the kernel, whose size nobody knows. Safe from many threads.
 */
public final class DownloadedFiles implements BackendFiles {
    private static final Logger LOG = LoggerFactory.getLogger(DownloadedFiles.class);

    private final BackendFiles scripts;
    private final Function<String, AnswerStream> download;

    /**
     * Files of one sandbox.
     *
     * @param scripts does everything else
     * @param download asks the daemon for a file by its absolute path
     */
    public DownloadedFiles(BackendFiles scripts, Function<String, AnswerStream> download) {
        this.scripts = scripts;
        this.download = download;
    }

    @Override
    public InputStream read(String path) {
        InputStream found = isPlain(path) ? download(path) : null;
        return found == null ? scripts.read(path) : found;
    }

    /** Whose name the daemon takes as the kernel does, and which is none of the kernel's own. */
    private static boolean isPlain(String path) {
        return path.startsWith("/")
                && !path.endsWith("/")
                && !path.contains("//")
                && !path.contains("/./")
                && !path.contains("/../")
                && !path.endsWith("/.")
                && !path.endsWith("/..")
                && !path.startsWith("/proc/")
                && !path.startsWith("/sys/")
                && !path.startsWith("/dev/")
                && StandardCharsets.UTF_8.newEncoder().canEncode(path);
    }

    private @Nullable InputStream download(String path) {
        AnswerStream answer;
        try {
            answer = download.apply(path);
        } catch (SandboxNotFoundException
                | BackendRejectedException
                | SandboxConflictException
                | BackendUnavailableException
                | OutcomeUnknownException e) {
            LOG.debug("the daemon did not hand out a file: {}", e.getMessage());
            return null;
        }
        if ("0".equals(answer.header("Content-Length").orElse("0"))) {
            answer.close();
            return null;
        }
        return new Download(answer);
    }

    /** A file that comes. What breaks it off is told as everywhere. */
    private static final class Download extends FilterInputStream {
        private final AnswerStream answer;

        Download(AnswerStream answer) {
            super(answer.body());
            this.answer = answer;
        }

        @Override
        public int read() throws IOException {
            try {
                return super.read();
            } catch (IOException e) {
                throw broken(e);
            }
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            try {
                return super.read(buffer, offset, length);
            } catch (IOException e) {
                throw broken(e);
            }
        }

        private IOException broken(IOException e) {
            if (answer.closed()) {
                return e;
            }
            SandboxException reason = answer.lost(e);
            IOException told = reason instanceof SandboxInterruptedException
                    ? new InterruptedIOException(reason.getMessage())
                    : new IOException(reason.getMessage());
            told.initCause(reason);
            return told;
        }
    }

    @Override
    public void write(String path, InputStream content, int mode) {
        scripts.write(path, content, mode);
    }

    @Override
    public void append(String path, InputStream content) {
        scripts.append(path, content);
    }

    @Override
    public FileInfo stat(String path) {
        return scripts.stat(path);
    }

    @Override
    public List<FileInfo> list(String path, int limit) {
        return scripts.list(path, limit);
    }

    @Override
    public void makeDirectory(String path) {
        scripts.makeDirectory(path);
    }

    @Override
    public void move(String from, String to) {
        scripts.move(from, to);
    }

    @Override
    public void remove(String path, boolean recursive) {
        scripts.remove(path, recursive);
    }

    @Override
    public void setMode(String path, int mode) {
        scripts.setMode(path, mode);
    }

    @Override
    public void unpack(String path, InputStream tar) {
        scripts.unpack(path, tar);
    }

    @Override
    public InputStream pack(String path) {
        return scripts.pack(path);
    }

    @Override
    public List<FileState> scan(String directory, boolean recursive, int limit) {
        return scripts.scan(directory, recursive, limit);
    }
}

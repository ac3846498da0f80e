package dev.sandkeeper.internal;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.BackendProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a script in the sandbox prints, as a stream. An end is told from a cut: after the last byte comes the script's exit
 * code, and every {@link IOException} from here has a {@link SandboxException} as its cause. For one reader at a time;
 * closed by any thread.
 */
final class FileStream extends InputStream {
    private final FileShell shell;
    private final BackendProcess process;
    private final BytePipe pipe;
    private final CompletableFuture<ExitStatus> end;
    private final Supplier<String> stderr;
    private final FileFailures failures;
    private boolean closed;
    private @Nullable SandboxException fault;

    FileStream(
            FileShell shell,
            BackendProcess process,
            BytePipe pipe,
            CompletableFuture<ExitStatus> end,
            Supplier<String> stderr,
            FileFailures failures) {
        this.shell = shell;
        this.process = process;
        this.pipe = pipe;
        this.end = end;
        this.stderr = stderr;
        this.failures = failures;
    }

    void awaitStart() {
        byte[] start = new byte[1];
        int length = take(start, 0, 1);
        if (length < 0 || start[0] != '+') {
            throw failures.malformed("one that does not start as agreed");
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        if (isClosed()) {
            throw new IOException("the stream is closed");
        }
        if (length == 0) {
            return 0;
        }
        try {
            return take(buffer, offset, length);
        } catch (SandboxException e) {
            IOException wrapped = Thread.currentThread().isInterrupted()
                    ? new InterruptedIOException(e.getMessage())
                    : new IOException(e.getMessage());
            wrapped.initCause(e);
            throw wrapped;
        }
    }

    @Override
    public int available() {
        return isClosed() ? 0 : pipe.available();
    }

    /** Ends the script if it has not ended. Never throws: what could not be ended ends with the sandbox. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        pipe.abandon();
        // the script of a caller that was interrupted is ended like any other
        boolean interrupted = Thread.interrupted();
        try {
            if (!end.isDone()) {
                process.end(Duration.ZERO);
            }
        } catch (SandboxException e) {
            end.completeExceptionally(e);
        } finally {
            process.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** At the end, and at every later call, the script's own end decides. */
    private int take(byte[] buffer, int offset, int length) {
        if (fault != null) {
            throw fault;
        }
        try {
            int part = pipe.read(buffer, offset, length, shell.idle());
            if (part >= 0) {
                return part;
            }
            if (isClosed()) {
                throw failures.access("file_access_failed", "the stream was closed while it was read", null);
            }
            ExitStatus status = end.get();
            if (status.exitCode() == 0 && !status.timedOut()) {
                return -1;
            }
            fault = failures.of(status, stderr.get());
        } catch (InterruptedException e) {
            fault = shell.interrupted(process, e, failures);
        } catch (TimeoutException e) {
            close();
            fault = failures.idle(shell.idle());
        } catch (ExecutionException e) {
            fault = e.getCause() instanceof SandboxException known ? known : failures.other(e);
        }
        throw fault;
    }
}

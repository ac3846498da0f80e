package dev.sandkeeper.daytona;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.internal.BytePipe;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A script of ours with a long input: that is written into a file while it comes, and the script starts when it is complete. So
 * it travels as one request, and what is broken off starts nothing.
 */
final class FedScript implements BackendProcess {
    private static final int BUFFER = 256 * 1024;

    private final BytePipe pipe = new BytePipe(BUFFER);
    private final CompletableFuture<BackendProcess> started = new CompletableFuture<>();
    private final OutputStream stdin = new Stdin();

    /** Takes the bytes. */
    private final class Stdin extends OutputStream {
        private boolean closed;

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            if (closed) {
                throw new IOException("standard input is closed");
            }
            try {
                pipe.write(bytes, offset, length, null);
            } catch (InterruptedException | TimeoutException e) {
                Thread.currentThread().interrupt();
                throw (IOException) new InterruptedIOException("interrupted while writing to a command").initCause(e);
            }
        }

        @Override
        public synchronized void close() {
            closed = true;
            pipe.end();
        }
    }

    /**
     * Begins.
     *
     * @param upload writes what comes out of the pipe into a file and answers whether it was complete; on a thread of its own
     * @param start starts the script on that file
     */
    void run(Predicate<BytePipe> upload, Supplier<BackendProcess> start) {
        try {
            if (upload.test(pipe)) {
                BackendProcess process = start.get();
                if (!started.complete(process)) {
                    process.end(Duration.ZERO);
                }
            } else {
                started.cancel(false);
            }
        } catch (RuntimeException e) {
            started.completeExceptionally(e);
        } finally {
            pipe.abandon();
        }
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        try {
            return started.get().pump(sink);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SandboxException fault) {
                throw fault;
            }
            throw new IllegalStateException(e.getCause());
        } catch (CancellationException e) {
            // nothing was started: as if it had been killed before its first step
            return new ExitStatus(128 + 9, false);
        }
    }

    private @Nullable BackendProcess process() {
        return started.isDone() && !started.isCompletedExceptionally() ? started.join() : null;
    }

    @Override
    public void signal(Signal signal) {
        BackendProcess process = process();
        if (process != null) {
            process.signal(signal);
        }
    }

    @Override
    public void end(Duration grace) {
        pipe.abandon();
        if (!started.cancel(false)) {
            BackendProcess process = process();
            if (process != null) {
                process.end(grace);
            }
        }
    }

    @Override
    public String channel() {
        BackendProcess process = process();
        return process == null ? "session" : process.channel();
    }

    @Override
    public void close() {
        pipe.abandon();
        if (!started.cancel(false)) {
            BackendProcess process = process();
            if (process != null) {
                process.close();
            }
        }
    }
}

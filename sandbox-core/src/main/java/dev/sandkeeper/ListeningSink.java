package dev.sandkeeper;

import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Captures output and tells a listener of it. Whatever that throws ends the command and nothing else. */
final class ListeningSink implements OutputSink {
    private final OutputCapture capture;
    private final OutputListener listener;
    private final Executor workers;
    private final Runnable endCommand;
    private @Nullable Throwable failure;
    private CompletableFuture<Void> ending = CompletableFuture.completedFuture(null);

    /**
     * A sink for one command.
     *
     * @param endCommand ends it and never throws; may take seconds
     */
    ListeningSink(OutputCapture capture, OutputListener listener, Executor workers, Runnable endCommand) {
        this.capture = capture;
        this.listener = listener;
        this.workers = workers;
        this.endCommand = endCommand;
    }

    @Override
    public void stdout(byte[] buffer, int offset, int length) throws IOException {
        capture.stdout(buffer, offset, length);
        tell(OutputSource.STDOUT, buffer, offset, length);
    }

    @Override
    public void stderr(byte[] buffer, int offset, int length) throws IOException {
        capture.stderr(buffer, offset, length);
        tell(OutputSource.STDERR, buffer, offset, length);
    }

    private synchronized void tell(OutputSource source, byte[] buffer, int offset, int length) throws IOException {
        if (failure == null) {
            try {
                listener.output(
                        source, ByteBuffer.wrap(buffer, offset, length).slice().asReadOnlyBuffer());
                return;
            } catch (RuntimeException | Error e) {
                failure = e;
                // not on this thread: it has to go on taking output
                ending = ended();
            }
        }
        throw new IOException("the listener has failed");
    }

    private CompletableFuture<Void> ended() {
        try {
            return CompletableFuture.runAsync(endCommand, workers);
        } catch (RejectedExecutionException e) {
            // the manager is being closed, which ends the command as well
            return CompletableFuture.completedFuture(null);
        }
    }

    /** After the command's end, whatever it was: throws what the listener has thrown, once the command is ended. */
    void rethrow() {
        CompletableFuture<Void> pending;
        Throwable thrown;
        synchronized (this) {
            pending = ending;
            thrown = failure;
        }
        pending.join();
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /** The command has ended by itself. */
    void finish() {
        rethrow();
        synchronized (this) {
            listener.end(OutputSource.STDOUT);
            listener.end(OutputSource.STDERR);
        }
    }
}

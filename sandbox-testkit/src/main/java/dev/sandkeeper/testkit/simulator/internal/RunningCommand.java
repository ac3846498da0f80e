package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A command in a machine whose output goes to whoever is attached, and nowhere if nobody is. Somebody who does not take it holds
 * the command back. Safe from many threads.
 */
public final class RunningCommand {
    private static final Logger LOG = LoggerFactory.getLogger(RunningCommand.class);
    private static final int QUEUED = 64;
    private static final Output END = new Output(Source.OUT, new byte[0]);

    private final Machine machine;
    private final ProcessRequest request;
    private final BackendProcess process;
    private final int largestPart;
    private final List<Attachment> attachments = new CopyOnWriteArrayList<>();
    private final CompletableFuture<ExitStatus> end = new CompletableFuture<>();
    private final AtomicReference<Signal> sent = new AtomicReference<>();

    private RunningCommand(Machine machine, ProcessRequest request, BackendProcess process, int largestPart) {
        this.machine = machine;
        this.request = request;
        this.process = process;
        this.largestPart = largestPart;
    }

    /** Where output came from. */
    public enum Source {
        /** Standard output, or a terminal. */
        OUT,
        /** Standard error. */
        ERR
    }

    /** Some output. */
    public static final class Output {
        private final Source source;
        private final byte[] bytes;

        Output(Source source, byte[] bytes) {
            this.source = source;
            this.bytes = bytes;
        }

        /**
         * Where it came from.
         *
         * @return the stream
         */
        public Source source() {
            return source;
        }

        /**
         * The output.
         *
         * @return not to be changed
         */
        public byte[] bytes() {
            return bytes;
        }
    }

    /**
     * Starts a command. Its output waits until {@link #pump} is called.
     *
     * @param machine where
     * @param request what
     * @param largestPart the most bytes that are handed over at a time
     * @return the command
     * @throws SandboxException whatever the backend throws
     */
    public static RunningCommand start(Machine machine, ProcessRequest request, int largestPart) {
        return new RunningCommand(machine, request, machine.start(request), largestPart);
    }

    /**
     * Lets output flow, on a thread of the server.
     *
     * @param server has the thread
     * @param ended told of the command's end, on that thread
     */
    public void pump(SimulatorServer server, Runnable ended) {
        server.run("command", () -> {
            try {
                end.complete(process.pump(new Spread()));
            } catch (SandboxException e) {
                end.completeExceptionally(e);
            } catch (InterruptedException e) {
                end.cancel(false);
            } finally {
                machine.ended(process);
                ended.run();
                attachments.forEach(Attachment::finish);
            }
        });
    }

    /**
     * What was started.
     *
     * @return the request
     */
    public ProcessRequest request() {
        return request;
    }

    /**
     * Takes output from now on.
     *
     * @return to be closed
     */
    public Attachment attach() {
        Attachment attachment = new Attachment();
        attachments.add(attachment);
        if (end.isDone()) {
            attachment.finish();
        }
        return attachment;
    }

    /**
     * The command's end.
     *
     * @return completed with its status, with {@link CommandNotStartableException} or with whatever else the backend threw;
     *     cancelled if the simulator was closed
     */
    public CompletableFuture<ExitStatus> onEnd() {
        return end;
    }

    /**
     * How it ended.
     *
     * @return nothing while it runs, or if that is not known
     */
    public Optional<ExitStatus> status() {
        try {
            return end.isDone() && !end.isCompletedExceptionally() ? Optional.of(end.get()) : Optional.empty();
        } catch (ExecutionException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /**
     * Why it has no status.
     *
     * @return what the backend threw
     */
    public Optional<Throwable> failure() {
        if (!end.isCompletedExceptionally()) {
            return Optional.empty();
        }
        return Optional.of(end.handle((status, failure) -> failure).join());
    }

    /**
     * Writes to its standard input, and blocks while it does not read.
     *
     * @param bytes what
     * @throws IOException if it reads no more
     */
    public void write(byte[] bytes) throws IOException {
        process.stdin().write(bytes);
        process.stdin().flush();
    }

    /**
     * Ends its standard input.
     *
     * @throws IOException if that failed
     */
    public void closeInput() throws IOException {
        process.stdin().close();
    }

    /**
     * Sends a signal to all its processes.
     *
     * @param signal which one
     */
    public void signal(Signal signal) {
        sent.set(signal);
        process.signal(signal);
    }

    /** Ends all its processes at once. */
    public void kill() {
        sent.set(Signal.KILL);
        process.end(Duration.ZERO);
    }

    /**
     * The last signal that was sent to it from here.
     *
     * @return null for none
     */
    public @Nullable Signal signalled() {
        return sent.get();
    }

    /**
     * Changes the size of its terminal.
     *
     * @param size the new size
     */
    public void resize(TerminalSize size) {
        process.resize(size);
    }

    /** Somebody who takes the output. */
    public final class Attachment implements AutoCloseable {
        private final BlockingQueue<Output> queue = new ArrayBlockingQueue<>(QUEUED);
        private volatile boolean finished;
        private volatile boolean closed;

        /**
         * Waits for output.
         *
         * @param patience how long
         * @return output, or null if none came; see {@link #atEnd()}
         * @throws InterruptedException if the simulator is closed
         */
        public @Nullable Output next(Duration patience) throws InterruptedException {
            Output output = finished ? queue.poll() : queue.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
            return output == END ? null : output;
        }

        /**
         * Whether all output was taken and no more will come.
         *
         * @return true from the command's end on
         */
        public boolean atEnd() {
            Output next = queue.peek();
            return finished && (next == null || next == END);
        }

        void finish() {
            finished = true;
            // Wakes whoever waits; if there is no room, nobody does.
            boolean woken = queue.offer(END);
            LOG.trace("{} is told of the end: {}", this, woken);
        }

        private void put(Output output) throws InterruptedException {
            while (!closed && !queue.offer(output, 100, TimeUnit.MILLISECONDS)) {
                // the command is held back
                if (machine.isDestroyed()) {
                    return;
                }
            }
        }

        /** Takes no more. */
        @Override
        public void close() {
            closed = true;
            attachments.remove(this);
            queue.clear();
        }
    }

    private final class Spread implements OutputSink {
        @Override
        public void stdout(byte[] buffer, int offset, int length) throws IOException {
            spread(Source.OUT, buffer, offset, length);
        }

        @Override
        public void stderr(byte[] buffer, int offset, int length) throws IOException {
            spread(Source.ERR, buffer, offset, length);
        }

        private void spread(Source source, byte[] buffer, int offset, int length) throws IOException {
            for (int start = offset; start < offset + length; start += largestPart) {
                int part = Math.min(largestPart, offset + length - start);
                Output output = new Output(source, Arrays.copyOfRange(buffer, start, start + part));
                for (Attachment each : attachments) {
                    try {
                        each.put(output);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new IOException("the simulator is closed", e);
                    }
                }
            }
        }
    }
}

package dev.sandkeeper.local;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The two streams of a process, as one sequence of parts. Each is read by a thread of its own, because nothing wakes a thread
 * that reads a pipe but the pipe, and at most one part of it waits to be taken.
 */
final class PipeParts implements OutputParts {
    private static final int BUFFER_BYTES = 32 * 1024;
    /** After the end of the process: how long is waited for what it had said before. */
    private static final long SILENCE = Duration.ofMillis(200).toNanos();

    private static final byte[] NOTHING_YET = {};

    private final Process process;
    private final BlockingQueue<Chunk> chunks = new LinkedBlockingQueue<>();
    private final AtomicInteger open = new AtomicInteger(2);
    private final Reader out;
    private final Reader err;
    private volatile boolean unwanted;
    private @Nullable Reader current;
    private byte[] buffer = NOTHING_YET;
    private int length;

    /** What a reader has read; of nobody if there is only something to be looked at. */
    private record Chunk(@Nullable Reader reader, int length) {
        static final Chunk NEWS = new Chunk(null, 0);
    }

    /**
     * Starts to read.
     *
     * @throws java.util.concurrent.RejectedExecutionException if the executor has been shut down
     */
    PipeParts(Process process, Executor executor) {
        this.process = process;
        this.out = new Reader(Part.STDOUT, process.getInputStream());
        this.err = new Reader(Part.STDERR, process.getErrorStream());
        executor.execute(out);
        executor.execute(err);
    }

    /** Has {@link #next} answer at once, that there is nothing. */
    void wake() {
        chunks.add(Chunk.NEWS);
    }

    /** From now on everything is read and thrown away: what a command has left running must not end because it writes. */
    void drain() {
        unwanted = true;
        out.taken.release();
        err.taken.release();
        wake();
    }

    /** What {@link #next} has answered is not needed any more, and may be the last for long. */
    void settle() {
        Reader before = current;
        current = null;
        if (before != null) {
            before.taken.release();
        }
    }

    @Override
    public Part next(Deadline deadline) throws InterruptedException {
        settle();
        Chunk chunk = chunks.poll();
        if (chunk == null) {
            if (open.get() == 0) {
                return Part.END;
            }
            boolean runs = process.isAlive();
            long left = runs ? deadline.left() : Math.min(deadline.left(), SILENCE);
            chunk = chunks.poll(left, TimeUnit.NANOSECONDS);
            if (chunk == null) {
                // what holds the streams of a process that has ended is not that process
                return runs || deadline.passed() ? Part.NOTHING : Part.END;
            }
        }
        Reader reader = chunk.reader();
        if (reader == null) {
            return Part.NOTHING;
        }
        current = reader;
        buffer = reader.bytes;
        length = chunk.length();
        return reader.part;
    }

    @Override
    public byte[] buffer() {
        return buffer;
    }

    @Override
    public int start() {
        return 0;
    }

    @Override
    public int length() {
        return length;
    }

    private final class Reader implements Runnable {
        private final Part part;
        private final InputStream in;
        private final byte[] bytes = new byte[BUFFER_BYTES];
        private final Semaphore taken = new Semaphore(0);

        Reader(Part part, InputStream in) {
            this.part = part;
            this.in = in;
        }

        @Override
        public void run() {
            try (in) {
                int count;
                while ((count = in.read(bytes)) >= 0) {
                    if (!unwanted && count > 0) {
                        chunks.add(new Chunk(this, count));
                        taken.acquireUninterruptibly();
                    }
                }
            } catch (IOException e) {
                // closed with its process: as good as its end
                return;
            } finally {
                open.decrementAndGet();
                wake();
            }
        }
    }

    /** Has {@link #next} notice the end of the process. */
    CompletableFuture<?> watch() {
        return process.onExit().thenRun(this::wake);
    }
}

package dev.sandkeeper.local;

import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Hands the output of one command over: standard output in the calling thread, which can so be interrupted, standard error in
 * one other.
 */
final class OutputPump {
    /** How long is waited for what the main process has left behind, all in all and in silence. */
    private static final Duration LINGER = Duration.ofMillis(400);

    private static final Duration SILENCE = Duration.ofMillis(200);
    /** More than a pipe and all buffers hold: what comes after that much was written by somebody else. */
    private static final long IN_FLIGHT_BYTES = 256 * 1024;

    private static final long RARELY = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long OFTEN = TimeUnit.MILLISECONDS.toNanos(10);
    private static final Chunk NOTHING = new Chunk(new byte[0], 0);

    private final Process process;
    private final BlockingQueue<Chunk> chunks = new LinkedBlockingQueue<>();
    private final Semaphore taken = new Semaphore(0);
    private volatile boolean closed;

    private static final class Chunk {
        private final byte[] buffer;
        private final int length;

        Chunk(byte[] buffer, int length) {
            this.buffer = buffer;
            this.length = length;
        }
    }

    OutputPump(Process process) {
        this.process = process;
    }

    /**
     * Runs until the main process has ended and its output is handed over.
     *
     * @return whether that is so; false if {@link #close} came first
     */
    boolean run(OutputSink sink, StartErrors errors, Executor executor) throws InterruptedException {
        Runnable wake = () -> chunks.add(NOTHING);
        OutputReader out = new OutputReader(process.getInputStream(), this::handOver, wake);
        OutputReader err = new OutputReader(process.getErrorStream(), errors, wake);
        executor.execute(out);
        executor.execute(err);
        try {
            boolean wanted = true;
            Lingering lingering = new Lingering(out, err);
            while (!(out.ended() && err.ended()) && !closed && !lingering.over()) {
                Chunk chunk = chunks.poll(process.isAlive() ? RARELY : OFTEN, TimeUnit.NANOSECONDS);
                if (chunk != null && chunk.length > 0) {
                    if (wanted) {
                        wanted = hand(sink, chunk);
                    }
                    taken.release();
                }
            }
            if (closed) {
                return false;
            }
            process.waitFor();
        } finally {
            out.silence();
            err.silence();
        }
        err.check();
        return true;
    }

    /** Makes {@link #run} return. */
    void close() {
        closed = true;
        chunks.add(NOTHING);
    }

    private void handOver(byte[] buffer, int length) throws InterruptedException {
        chunks.add(new Chunk(buffer, length));
        taken.acquire();
    }

    private static boolean hand(OutputSink sink, Chunk chunk) {
        try {
            sink.stdout(chunk.buffer, 0, chunk.length);
            return true;
        } catch (IOException e) {
            // Nobody wants it any more, but the program must be able to go on writing.
            return false;
        }
    }

    /** Decides when enough has been waited for processes that hold the streams of a main process that has ended. */
    private final class Lingering {
        private final OutputReader out;
        private final OutputReader err;
        private long since;
        private long outBytes;
        private long errBytes;

        Lingering(OutputReader out, OutputReader err) {
            this.out = out;
            this.err = err;
        }

        boolean over() {
            if (process.isAlive()) {
                return false;
            }
            if (since == 0) {
                since = System.nanoTime();
                outBytes = out.readBytes();
                errBytes = err.readBytes();
            }
            return System.nanoTime() - since >= LINGER.toNanos() && idle(out, outBytes) && idle(err, errBytes);
        }

        private boolean idle(OutputReader reader, long bytesAtEnd) {
            return reader.ended() || reader.waitsFor(SILENCE) || reader.readBytes() - bytesAtEnd > IN_FLIGHT_BYTES;
        }
    }
}

package dev.sandkeeper.local;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads one stream of a command in a thread of its own, because nothing wakes a thread that reads a pipe but the pipe. It goes on
 * to the end of the stream even when nobody listens any more: what a command has left running must not end because it writes.
 */
final class OutputReader implements Runnable {
    /** What takes a chunk. May block; an exception means that nobody wants more. */
    interface Consumer {
        void accept(byte[] buffer, int length) throws IOException, InterruptedException;
    }

    private static final int BUFFER_BYTES = 32 * 1024;
    private static final long PATIENCE = Duration.ofSeconds(2).toNanos();

    private final InputStream in;
    private final Consumer consumer;
    private final Runnable whenDone;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition free = lock.newCondition();
    private @Nullable Thread busy;
    private boolean silent;
    private volatile boolean ended;
    private final AtomicLong readBytes = new AtomicLong();
    private volatile long waitsSince = System.nanoTime();
    private volatile @Nullable RuntimeException failure;

    OutputReader(InputStream in, Consumer consumer, Runnable whenDone) {
        this.in = in;
        this.consumer = consumer;
        this.whenDone = whenDone;
    }

    @Override
    public void run() {
        byte[] buffer = new byte[BUFFER_BYTES];
        try (in) {
            int length;
            while ((length = in.read(buffer)) >= 0) {
                readBytes.addAndGet(length);
                if (begin()) {
                    hand(buffer, length);
                }
                waitsSince = System.nanoTime();
            }
        } catch (IOException e) {
            // The stream was closed on this side: as good as its end.
            return;
        } finally {
            ended = true;
            whenDone.run();
        }
    }

    private void hand(byte[] buffer, int length) {
        boolean wanted = false;
        try {
            consumer.accept(buffer, length);
            wanted = true;
        } catch (IOException | InterruptedException e) {
            // Nobody wants it any more, but the program must be able to go on writing.
            wanted = false;
        } catch (RuntimeException e) {
            failure = e;
        } finally {
            end(wanted);
        }
    }

    private boolean begin() {
        lock.lock();
        try {
            busy = silent ? null : Thread.currentThread();
            return !silent;
        } finally {
            lock.unlock();
        }
    }

    private void end(boolean wanted) {
        lock.lock();
        try {
            busy = null;
            silent |= !wanted;
            // An interrupt was meant for the consumer only.
            Thread.interrupted();
            free.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From the return of this on the consumer is not called; if it does not return within 2 seconds when interrupted, not again. */
    void silence() {
        boolean interrupted = false;
        long left = PATIENCE;
        lock.lock();
        try {
            silent = true;
            if (busy != null) {
                busy.interrupt();
            }
            while (busy != null && left > 0) {
                try {
                    left = free.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            lock.unlock();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    boolean ended() {
        return ended;
    }

    /** How much has been read so far. */
    long readBytes() {
        return readBytes.get();
    }

    /** Whether it has waited for so long without anything to read. */
    boolean waitsFor(Duration time) {
        lock.lock();
        try {
            return busy == null && System.nanoTime() - waitsSince >= time.toNanos();
        } finally {
            lock.unlock();
        }
    }

    /** Rethrows what the consumer threw and should not have. */
    void check() {
        RuntimeException thrown = failure;
        if (thrown != null) {
            throw thrown;
        }
    }
}

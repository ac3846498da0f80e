package dev.sandkeeper.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pipe between two threads. Unlike {@link java.io.PipedInputStream} it waits without polling, answers interrupts
 * and bounds, and does not care which thread lives.
 */
public final class BytePipe {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final byte[] ring;
    private int start;
    private int count;
    private boolean ended;
    private boolean abandoned;

    /**
     * An empty pipe.
     *
     * @param capacity how many bytes wait in it at most
     */
    public BytePipe(int capacity) {
        ring = new byte[capacity];
    }

    /**
     * Hands bytes over and waits for room.
     *
     * @param bytes holds them
     * @param offset where they start
     * @param length how many
     * @param idle the longest wait in which nothing is taken; null for none
     * @throws IOException if nobody reads any more
     * @throws InterruptedException if the calling thread was interrupted
     * @throws TimeoutException if nothing was taken for so long
     */
    public void write(byte[] bytes, int offset, int length, @Nullable Duration idle)
            throws IOException, InterruptedException, TimeoutException {
        int done = 0;
        lock.lockInterruptibly();
        try {
            while (done < length) {
                long left = idle == null ? Long.MAX_VALUE : idle.toNanos();
                while (count == ring.length && !abandoned) {
                    left = changed.awaitNanos(inTime(left));
                }
                if (abandoned) {
                    throw new IOException("nobody reads any more");
                }
                int end = (start + count) % ring.length;
                int room = Math.min(ring.length - count, ring.length - end);
                int part = Math.min(room, length - done);
                System.arraycopy(bytes, offset + done, ring, end, part);
                count += part;
                done += part;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes bytes, at least one unless that is the end.
     *
     * @param bytes gets them
     * @param offset where they go
     * @param length how many at most
     * @param idle the longest wait; null for none
     * @return how many; -1 at the end
     * @throws InterruptedException if the calling thread was interrupted
     * @throws TimeoutException if nothing came for so long
     */
    public int read(byte[] bytes, int offset, int length, @Nullable Duration idle)
            throws InterruptedException, TimeoutException {
        lock.lockInterruptibly();
        try {
            long left = idle == null ? Long.MAX_VALUE : idle.toNanos();
            while (count == 0 && !ended && !abandoned) {
                left = changed.awaitNanos(inTime(left));
            }
            if (count == 0 || abandoned) {
                return -1;
            }
            int part = Math.min(length, Math.min(count, ring.length - start));
            System.arraycopy(ring, start, bytes, offset, part);
            start = (start + part) % ring.length;
            count -= part;
            changed.signalAll();
            return part;
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many bytes wait} */
    public int available() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** The writer has written all; the reader sees an end after what is still in here. */
    public void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Nobody reads any more, or nobody shall: writers fail, readers see an end at once. */
    public void abandon() {
        lock.lock();
        try {
            abandoned = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether {@link #abandon()} was called} */
    public boolean abandoned() {
        lock.lock();
        try {
            return abandoned;
        } finally {
            lock.unlock();
        }
    }

    private static long inTime(long nanos) throws TimeoutException {
        if (nanos <= 0) {
            throw new TimeoutException();
        }
        return nanos;
    }
}

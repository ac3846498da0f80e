package dev.sandkeeper.testkit.internal;

import java.io.IOException;

/** A bounded pipe between processes, or between a process and the host. Guarded by a monitor that pipes may share. */
final class Pipe {
    static final int CAPACITY = 64 << 10;

    private final Object monitor;
    private final byte[] ring = new byte[CAPACITY];
    private int start;
    private int length;
    private int writers;
    private int readers;
    private boolean discarding;

    /** Nobody reads any more. */
    static final class Broken extends IOException {
        private static final long serialVersionUID = 1L;

        Broken() {
            super("Broken pipe");
        }
    }

    Pipe(Object monitor) {
        this.monitor = monitor;
    }

    void addWriter(int change) {
        synchronized (monitor) {
            writers += change;
            monitor.notifyAll();
        }
    }

    void addReader(int change) {
        synchronized (monitor) {
            readers += change;
            monitor.notifyAll();
        }
    }

    /** From now on writers succeed and nobody gets what they write. */
    void discard() {
        synchronized (monitor) {
            discarding = true;
            length = 0;
            monitor.notifyAll();
        }
    }

    boolean readable() {
        synchronized (monitor) {
            return length > 0;
        }
    }

    boolean ended() {
        synchronized (monitor) {
            return length == 0 && writers == 0;
        }
    }

    /** Waits for bytes or the end, which is -1. */
    int read(byte[] bytes, int offset, int count) throws InterruptedException {
        synchronized (monitor) {
            while (length == 0 && writers > 0) {
                monitor.wait();
            }
            return length == 0 ? -1 : take(bytes, offset, count);
        }
    }

    /** Never waits: what is there, perhaps 0. */
    int poll(byte[] bytes) {
        synchronized (monitor) {
            return take(bytes, 0, bytes.length);
        }
    }

    private int take(byte[] bytes, int offset, int count) {
        int n = Math.min(count, length);
        int first = Math.min(n, CAPACITY - start);
        System.arraycopy(ring, start, bytes, offset, first);
        System.arraycopy(ring, 0, bytes, offset + first, n - first);
        start = (start + n) % CAPACITY;
        length -= n;
        if (n > 0) {
            monitor.notifyAll();
        }
        return n;
    }

    /** Writes some, at least one byte, waiting for room. */
    int write(byte[] bytes, int offset, int count) throws InterruptedException, IOException {
        synchronized (monitor) {
            while (length == CAPACITY && readers > 0 && !discarding) {
                monitor.wait();
            }
            if (discarding) {
                return count;
            }
            if (readers == 0) {
                throw new Broken();
            }
            int n = Math.min(count, CAPACITY - length);
            int end = (start + length) % CAPACITY;
            int first = Math.min(n, CAPACITY - end);
            System.arraycopy(bytes, offset, ring, end, first);
            System.arraycopy(bytes, offset + first, ring, 0, n - first);
            length += n;
            monitor.notifyAll();
            return n;
        }
    }
}

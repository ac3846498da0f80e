package dev.sandkeeper.testkit.simulator.daytona;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a command of a session has printed, as the daemon keeps it: whole lines, each behind three bytes that name its stream and
 * each with a line feed at its end, whether or not the command wrote one. Safe from many threads.
 */
final class DaytonaLog {
    private static final byte STDOUT = 1;
    private static final byte STDERR = 2;
    private static final int MARKER = 3;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Growing written = new Growing();
    private final ByteArrayOutputStream outLine = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errLine = new ByteArrayOutputStream();
    private boolean ended;

    /** Tells a part of itself without copying the whole. */
    private static final class Growing extends ByteArrayOutputStream {
        synchronized byte[] from(int offset) {
            return Arrays.copyOfRange(buf, offset, count);
        }
    }

    void stdout(byte[] buffer, int offset, int length) {
        accept(STDOUT, outLine, buffer, offset, length);
    }

    void stderr(byte[] buffer, int offset, int length) {
        accept(STDERR, errLine, buffer, offset, length);
    }

    private void accept(byte stream, ByteArrayOutputStream line, byte[] buffer, int offset, int length) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            for (int i = offset; i < offset + length; i++) {
                if (buffer[i] == '\n') {
                    finish(stream, line);
                } else if (buffer[i] != 0) {
                    line.write(buffer[i]);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void finish(byte stream, ByteArrayOutputStream line) {
        for (int i = 0; i < MARKER; i++) {
            written.write(stream);
        }
        written.writeBytes(line.toByteArray());
        written.write('\n');
        line.reset();
        changed.signalAll();
    }

    /** The command has ended: what has no line feed yet gets one. */
    void end() {
        lock.lock();
        try {
            if (!ended) {
                flush();
                ended = true;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Nobody adds to a line any more, although the end is not known. */
    void flush() {
        lock.lock();
        try {
            if (outLine.size() > 0) {
                finish(STDOUT, outLine);
            }
            if (errLine.size() > 0) {
                finish(STDERR, errLine);
            }
        } finally {
            lock.unlock();
        }
    }

    boolean ended() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    byte[] bytes() {
        return from(0);
    }

    byte[] from(int offset) {
        lock.lock();
        try {
            return written.from(offset);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for what comes behind a place, or for the end.
     *
     * @return whether there is something or nothing will come; false if the time is over
     */
    boolean await(int offset, Duration time) throws InterruptedException {
        long left = time.toNanos();
        lock.lockInterruptibly();
        try {
            while (written.size() <= offset && !ended) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end. */
    boolean awaitEnd(Duration time) throws InterruptedException {
        long left = time.toNanos();
        lock.lockInterruptibly();
        try {
            while (!ended) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Both streams in the order in which they were written, without what names them. */
    static byte[] stripped(byte[] log) {
        return lines(log, (byte) 0);
    }

    static byte[] stdoutOf(byte[] log) {
        return lines(log, STDOUT);
    }

    static byte[] stderrOf(byte[] log) {
        return lines(log, STDERR);
    }

    /** A line never holds a line feed, so that its marker is always at its start. */
    private static byte[] lines(byte[] log, byte wanted) {
        ByteArrayOutputStream chosen = new ByteArrayOutputStream(log.length);
        int start = 0;
        for (int i = 0; i < log.length; i++) {
            if (log[i] == '\n') {
                if (wanted == 0 || log[start] == wanted) {
                    chosen.write(log, start + MARKER, i + 1 - start - MARKER);
                }
                start = i + 1;
            }
        }
        return chosen.toByteArray();
    }

    /** How long a follower waits at a time before it looks whether it is still wanted. */
    static Duration patience() {
        return Duration.ofNanos(TimeUnit.MILLISECONDS.toNanos(200));
    }
}

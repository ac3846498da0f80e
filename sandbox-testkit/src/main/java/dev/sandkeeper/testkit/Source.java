package dev.sandkeeper.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import java.util.zip.CRC32;

/** Content of any length that nobody has to hold: pseudo-random, summed up, and with something that happens in its middle. */
final class Source extends InputStream {
    private final Random random = new Random(42);
    private final CRC32 sum = new CRC32();
    private final long half;
    private final Event event;
    private long left;
    private boolean happened;

    /** What happens when half of the content has been read; it may throw in place of the rest. */
    @FunctionalInterface
    interface Event {
        void happen() throws IOException;
    }

    Source(long length, Event event) {
        this.left = length;
        this.half = length / 2;
        this.event = event;
    }

    long sum() {
        return sum.getValue();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (left <= half && !happened) {
            happened = true;
            event.happen();
        }
        if (left == 0) {
            return -1;
        }
        byte[] next = new byte[(int) Math.min(left, Math.min(length, 60_000))];
        random.nextBytes(next);
        System.arraycopy(next, 0, bytes, offset, next.length);
        sum.update(next);
        left -= next.length;
        return next.length;
    }
}

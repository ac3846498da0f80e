package dev.sandkeeper.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32C;

/** Content of any size that is nowhere as a whole, its checksums, and a look at the heap meanwhile. */
public final class Bulk {
    private static final int BLOCK = 64 * 1024;

    private Bulk() {}

    /**
     * Bytes that no other seed gives.
     *
     * @param length how many
     * @param seed of what
     * @return the bytes
     */
    public static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /**
     * Sums up.
     *
     * @param bytes what
     * @return SHA-256 in hex
     */
    public static String sum(byte[] bytes) {
        return HexFormat.of().formatHex(digest().digest(bytes));
    }

    /**
     * Sums up what comes, at the speed of memory.
     *
     * @param in read to its end
     * @param heap is looked at meanwhile
     * @return CRC32C
     * @throws IOException if it cannot be read
     */
    public static long crc(InputStream in, Heap heap) throws IOException {
        CRC32C crc = new CRC32C();
        byte[] block = new byte[BLOCK];
        long bytes = 0;
        for (int count; (count = in.read(block)) >= 0; ) {
            crc.update(block, 0, count);
            bytes += count;
            heap.moved(bytes);
        }
        return crc.getValue();
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JVM has SHA-256", e);
        }
    }

    /** Random blocks, each with its number in front, so that none is like another. */
    public static final class Content extends InputStream {
        private final CRC32C crc = new CRC32C();
        private final Heap heap;
        private final byte[] block = bytes(BLOCK, 7);
        private final long length;
        private long position;

        /**
         * Begins.
         *
         * @param length how many bytes come
         * @param heap is looked at meanwhile
         */
        public Content(long length, Heap heap) {
            this.length = length;
            this.heap = heap;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int count) {
            if (count == 0) {
                return 0;
            }
            if (position == length) {
                return -1;
            }
            int at = (int) (position % BLOCK);
            if (at == 0) {
                for (int i = 0; i < 8; i++) {
                    block[i] = (byte) (position >> (8 * i));
                }
            }
            int part = (int) Math.min(Math.min(count, BLOCK - at), length - position);
            System.arraycopy(block, at, target, offset, part);
            crc.update(block, at, part);
            position += part;
            heap.moved(position);
            return part;
        }

        /**
         * The checksum of all that was read.
         *
         * @return CRC32C
         */
        public long crc() {
            assertThat(position).as("bytes that were read").isEqualTo(length);
            return crc.getValue();
        }
    }

    /** How much more is held at several moments of a transfer than before it began. Not thread-safe. */
    public static final class Heap {
        private static final long STEP = 128L << 20;
        private static final long MOST = 32L << 20;

        private final long before = used();
        private long most = before;
        private long next = STEP;
        private int looks;

        /** Looks for the first time. */
        public Heap() {}

        /**
         * Looks, if so much has moved since the last time, or if another transfer has begun.
         *
         * @param bytes how many have moved in this transfer
         */
        public void moved(long bytes) {
            if (bytes < next - STEP) {
                next = STEP;
            }
            if (bytes >= next) {
                next += STEP;
                look();
            }
        }

        private void look() {
            most = Math.max(most, used());
            looks++;
        }

        /** Fails if more than 32 MB were held at any moment. */
        public void assertSmall() {
            look();
            assertThat(most - before)
                    .as("bytes that the heap had grown by at %s moments", looks)
                    .isLessThan(MOST);
        }

        private static long used() {
            System.gc();
            return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        }
    }
}

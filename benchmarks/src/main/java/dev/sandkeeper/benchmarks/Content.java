package dev.sandkeeper.benchmarks;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32C;

/** Bytes that cannot be compressed, and what shows that they have arrived. */
final class Content {
    private static final int BLOCK = 1 << 20;

    private Content() {}

    static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** Makes a file of one random block after the other. */
    static void write(Path file, long length) throws IOException {
        Random random = new Random(length);
        byte[] block = new byte[BLOCK];
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), BLOCK)) {
            for (long left = length; left > 0; left -= BLOCK) {
                random.nextBytes(block);
                out.write(block, 0, (int) Math.min(left, BLOCK));
            }
        }
    }

    static String sha256(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] block = new byte[BLOCK];
            for (int count; (count = in.read(block)) >= 0; ) {
                digest.update(block, 0, count);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Counts bytes and sums them up, at the speed of memory. Not thread-safe. */
    static final class Sum {
        private final CRC32C crc = new CRC32C();
        private long bytes;

        private void add(byte[] buffer, int offset, int length) {
            crc.update(buffer, offset, length);
            bytes += length;
        }

        /** Takes all that comes. */
        void drain(InputStream in) throws IOException {
            drain(in, Long.MAX_VALUE);
        }

        /** Takes so many bytes, or what comes. */
        void drain(InputStream in, long most) throws IOException {
            byte[] buffer = new byte[64 * 1024];
            for (long left = most; left > 0; ) {
                int count = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                if (count < 0) {
                    return;
                }
                add(buffer, 0, count);
                left -= count;
            }
        }

        void expect(Sum wanted) {
            if (bytes != wanted.bytes || crc.getValue() != wanted.crc.getValue()) {
                throw new IllegalStateException("wanted " + wanted.bytes + " bytes with sum " + wanted.crc.getValue()
                        + ", got " + bytes + " with sum " + crc.getValue());
            }
        }
    }
}

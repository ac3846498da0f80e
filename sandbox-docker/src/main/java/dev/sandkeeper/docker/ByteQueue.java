package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads the parts of an HTTP answer that are not streams. */
final class ByteQueue {
    private static final int LONGEST_BODY = 16 << 20;

    private final EngineConnection connection;
    private final Deadline deadline;
    private final ByteBuffer buffer = ByteBuffer.allocate(16 << 10).flip();

    ByteQueue(EngineConnection connection, Deadline deadline) {
        this.connection = connection;
        this.deadline = deadline;
    }

    /** A line without its end. */
    String line(int longest) throws IOException, InterruptedException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int b = next();
            if (b < 0) {
                throw new EOFException("the engine ended its answer early");
            }
            if (b == '\n') {
                String text = line.toString(StandardCharsets.ISO_8859_1);
                return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
            }
            if (line.size() >= longest) {
                throw new IOException("the engine's answer has a line of more than " + longest + " bytes");
            }
            line.write(b);
        }
    }

    /** The body as the head announces it. */
    byte[] body(EngineResponse head) throws IOException, InterruptedException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (head.status() == 204 || head.status() == 304) {
            return new byte[0];
        }
        if (head.header("transfer-encoding").equals("chunked")) {
            for (long size = chunk(); size > 0; size = chunk()) {
                copy(body, size);
                line(2);
            }
        } else if (!head.header("content-length").isEmpty()) {
            copy(body, number(head.header("content-length"), 10));
        } else {
            for (int b = next(); b >= 0; b = next()) {
                checkSize(body.size() + 1L);
                body.write(b);
            }
        }
        return body.toByteArray();
    }

    /** What was read and belongs to the stream that follows. */
    ByteBuffer rest() {
        return buffer;
    }

    private long chunk() throws IOException, InterruptedException {
        String line = line(1024);
        int extension = line.indexOf(';');
        return number((extension < 0 ? line : line.substring(0, extension)).trim(), 16);
    }

    private static long number(String text, int radix) throws IOException {
        try {
            return Long.parseUnsignedLong(text, radix);
        } catch (NumberFormatException e) {
            throw new IOException("the engine's answer has a malformed length", e);
        }
    }

    private void copy(ByteArrayOutputStream body, long count) throws IOException, InterruptedException {
        if (count < 0) {
            throw new IOException("the engine's answer has a malformed length");
        }
        checkSize(body.size() + count);
        for (long i = 0; i < count; i++) {
            int b = next();
            if (b < 0) {
                throw new EOFException("the engine ended its answer early");
            }
            body.write(b);
        }
    }

    private static void checkSize(long size) throws IOException {
        if (size > LONGEST_BODY || size < 0) {
            throw new IOException("the engine's answer has more than " + LONGEST_BODY + " bytes");
        }
    }

    private int next() throws IOException, InterruptedException {
        if (!buffer.hasRemaining()) {
            buffer.clear();
            int count;
            try {
                count = connection.read(buffer, deadline);
            } finally {
                buffer.flip();
            }
            if (count < 0) {
                return -1;
            }
            if (count == 0) {
                throw new SocketTimeoutException("the engine did not answer in time");
            }
        }
        return buffer.get() & 0xff;
    }
}

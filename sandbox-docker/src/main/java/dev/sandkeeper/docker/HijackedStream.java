package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A connection that carries a command's streams: plain bytes towards it, frames with a header of 8 bytes from it. What
 * comes is hostile: a frame that is malformed or cut is an error, never an end. A terminal's stream has no frames, so that
 * only its own marks tell that it is complete.
 */
final class HijackedStream implements OutputParts, Closeable {
    private static final int HEADER = 8;
    private static final int STDERR = 2 << 24;

    private final EngineConnection connection;
    private final ByteBuffer received;
    private final ByteBuffer header = ByteBuffer.allocate(HEADER);
    private Part current = Part.END;
    private boolean framed = true;
    private long left;
    private int start;
    private int length;

    HijackedStream(EngineConnection connection, ByteBuffer rest) {
        this.connection = connection;
        this.received = ByteBuffer.allocate(64 << 10);
        received.put(rest).flip();
    }

    /** Says, before anything is read, that all that comes is standard output. */
    void unframed() {
        framed = false;
    }

    /** The engine may end the stream only between two frames, if it has such. */
    @Override
    public Part next(Deadline deadline) throws IOException, InterruptedException {
        if (!framed) {
            return plain(deadline);
        }
        while (left == 0) {
            Part part = frame(deadline);
            if (part != null) {
                return part;
            }
        }
        if (!received.hasRemaining()) {
            int count = fill(deadline);
            if (count < 0) {
                throw new EOFException("the engine's stream was cut " + left + " bytes before the end of a frame");
            }
            if (count == 0) {
                return Part.NOTHING;
            }
        }
        start = received.position();
        length = (int) Math.min(left, received.remaining());
        received.position(start + length);
        left -= length;
        return current;
    }

    private Part plain(Deadline deadline) throws IOException, InterruptedException {
        int count = received.hasRemaining() ? received.remaining() : fill(deadline);
        if (count <= 0) {
            return count < 0 ? Part.END : Part.NOTHING;
        }
        start = received.position();
        length = count;
        received.position(start + length);
        return Part.STDOUT;
    }

    @Override
    public byte[] buffer() {
        return received.array();
    }

    @Override
    public int start() {
        return start;
    }

    @Override
    public int length() {
        return length;
    }

    /** Reads the head of a frame. Answers null once there is one, else why not. */
    private @Nullable Part frame(Deadline deadline) throws IOException, InterruptedException {
        while (header.hasRemaining()) {
            if (!received.hasRemaining()) {
                int count = fill(deadline);
                if (count < 0 && header.position() > 0) {
                    throw new EOFException("the engine's stream was cut inside the head of a frame");
                }
                if (count <= 0) {
                    return count < 0 ? Part.END : Part.NOTHING;
                }
            }
            header.put(received.get());
        }
        header.flip();
        // one byte of type and three of nothing
        int kind = header.getInt();
        left = header.getInt() & 0xffff_ffffL;
        header.clear();
        if ((kind & 0x00ff_ffff) != 0 || kind < 0 || kind > STDERR) {
            throw new IOException("the engine's stream is malformed: a frame begins with " + Integer.toHexString(kind));
        }
        current = kind == STDERR ? Part.STDERR : Part.STDOUT;
        return null;
    }

    private int fill(Deadline deadline) throws IOException, InterruptedException {
        received.clear();
        try {
            return connection.read(received, deadline);
        } finally {
            received.flip();
        }
    }

    void write(byte[] bytes, int offset, int count, Deadline deadline) throws IOException, InterruptedException {
        connection.write(ByteBuffer.wrap(bytes, offset, count), deadline);
    }

    /** An end of file for the command; its output still comes. */
    void shutdownOutput() throws IOException {
        connection.shutdownOutput();
    }

    @Override
    public void close() {
        connection.close();
    }
}

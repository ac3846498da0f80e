package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A two-way stream of bytes to the engine whose directions end apart. One thread may read while another writes. Every wait
 * has a deadline and answers an interrupt without harm to the connection, which neither sockets nor blocking channels do.
 */
abstract class EngineConnection implements Closeable {
    /**
     * Connects.
     *
     * @param tls null without TLS
     * @throws IOException if there is no connection within the deadline
     */
    static EngineConnection open(EngineAddress address, @Nullable SSLContext tls, Deadline deadline)
            throws IOException, InterruptedException {
        PlainConnection plain = PlainConnection.open(address, deadline);
        return tls == null ? plain : TlsConnection.over(plain, tls, address, deadline);
    }

    /**
     * Reads what is there, at least one byte.
     *
     * @return how many; 0 if the deadline passed; -1 at the end
     */
    abstract int read(ByteBuffer target, Deadline deadline) throws IOException, InterruptedException;

    /**
     * Writes all of it.
     *
     * @throws IOException if the deadline passed, too; part of it may have been sent
     */
    abstract void write(ByteBuffer source, Deadline deadline) throws IOException, InterruptedException;

    /** Tells the other side that nothing more will be written; reading goes on. */
    abstract void shutdownOutput() throws IOException;

    /** Ends both directions and whatever waits for them in other threads. Idempotent, never throws, never blocks. */
    @Override
    public abstract void close();
}

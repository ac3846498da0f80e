package dev.sandkeeper.testkit;

import dev.sandkeeper.SandboxException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/** Standard input of a command in another process: every chunk is answered, so that writing blocks and fails where it must. */
final class RemoteInput extends OutputStream {
    private static final int CHUNK = 32 << 10;

    private final RemoteCalls calls;
    private final RemoteCalls.Arguments which;
    private final Object writing = new Object();
    private @Nullable Wire wire;
    private boolean closed;

    RemoteInput(RemoteCalls calls, RemoteCalls.Arguments which, boolean takesInput) {
        this.calls = calls;
        this.which = which;
        this.closed = !takesInput;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        synchronized (writing) {
            for (int done = 0; done < length; done += CHUNK) {
                send(bytes, offset + done, Math.min(CHUNK, length - done));
            }
        }
    }

    private void send(byte[] bytes, int offset, int length) throws IOException {
        try {
            Wire open = connected();
            open.chunk(bytes, offset, length).flush();
            if (!open.flag()) {
                throw new IOException("the command takes no input any more");
            }
        } catch (ClosedByInterruptException e) {
            InterruptedIOException interrupted = new InterruptedIOException("interrupted while writing to a command");
            interrupted.initCause(e);
            throw interrupted;
        } catch (SandboxException e) {
            throw new IOException("the command takes no input any more", e);
        }
    }

    private synchronized Wire connected() throws IOException {
        if (closed) {
            throw new IOException("standard input is closed");
        }
        Wire open = wire;
        if (open == null) {
            open = calls.open(Wire.Op.STDIN, which);
            wire = open;
        }
        return open;
    }

    /** An end of file to the command. */
    @Override
    public void close() throws IOException {
        synchronized (writing) {
            Wire open;
            synchronized (this) {
                if (closed) {
                    return;
                }
                open = connectedOrNull();
                closed = true;
            }
            if (open != null) {
                try (open) {
                    open.chunk(new byte[0], 0, 0).flush();
                    open.flag();
                }
            }
        }
    }

    private synchronized @Nullable Wire connectedOrNull() throws IOException {
        try {
            return connected();
        } catch (SandboxException e) {
            return null; // the command, or its provider, is gone
        }
    }

    synchronized void disconnect() {
        closed = true;
        if (wire != null) {
            closeQuietly(wire);
        }
    }

    static void closeQuietly(Wire wire) {
        try {
            wire.close();
        } catch (IOException e) {
            // then it is not open any more
        }
    }
}

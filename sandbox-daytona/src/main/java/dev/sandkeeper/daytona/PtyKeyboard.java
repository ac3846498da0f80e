package dev.sandkeeper.daytona;

import dev.sandkeeper.http.ProviderSocket;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import okio.ByteString;

/** The keyboard of a terminal. Closing it types an end of file. */
final class PtyKeyboard extends OutputStream {
    /** The daemon takes 64 KiB at a time, and the terminal a line of 4,095 bytes. */
    private static final int LARGEST = 16 * 1024;

    private static final byte[] END_OF_FILE = {4, 4};
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final ProviderSocket socket;
    private boolean lineBegins = true;
    private volatile boolean closed;

    PtyKeyboard(ProviderSocket socket) {
        this.socket = socket;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("the terminal takes no more");
        }
        for (int done = 0; done < length; ) {
            int part = Math.min(LARGEST, length - done);
            send(ByteString.of(bytes, offset + done, part));
            done += part;
        }
        if (length > 0) {
            byte last = bytes[offset + length - 1];
            lineBegins = last == '\n' || last == '\r';
        }
    }

    private void send(ByteString piece) throws IOException {
        try {
            socket.send(piece, PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while writing to a terminal").initCause(e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            // the first passes on what has been typed of a line
            send(ByteString.of(END_OF_FILE, 0, lineBegins ? 1 : 2));
        }
    }

    /** The program has ended. */
    void end() {
        closed = true;
    }
}

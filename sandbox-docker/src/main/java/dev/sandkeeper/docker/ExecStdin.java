package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command's standard input. Writing blocks while the command does not read. */
final class ExecStdin extends OutputStream {
    private static final Logger LOG = LoggerFactory.getLogger(ExecStdin.class);

    private static final byte[] END_OF_FILE = {4, 4};

    private final HijackedStream stream;
    private final boolean keyboard;
    private boolean lineBegins = true;
    private boolean closed;

    private ExecStdin(HijackedStream stream, boolean keyboard) {
        this.stream = stream;
        this.keyboard = keyboard;
    }

    ExecStdin(HijackedStream stream) {
        this(stream, false);
    }

    /** A terminal's. The engine ends the output of one whose input is shut down, so an end of file has to be typed. */
    static ExecStdin keyboard(HijackedStream stream) {
        return new ExecStdin(stream, true);
    }

    /** A stream that takes nothing. */
    static ExecStdin ended(HijackedStream stream) {
        ExecStdin stdin = new ExecStdin(stream);
        stdin.closed = true;
        return stdin;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("standard input is closed");
        }
        if (length > 0) {
            lineBegins = bytes[offset + length - 1] == '\n' || bytes[offset + length - 1] == '\r';
            send(bytes, offset, length);
        }
    }

    private void send(byte[] bytes, int offset, int length) throws IOException {
        try {
            stream.write(bytes, offset, length, Deadline.never());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while writing to a command").initCause(e);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            try {
                if (keyboard) {
                    // the first passes on what has been typed of a line
                    send(END_OF_FILE, 0, lineBegins ? 1 : 2);
                } else {
                    stream.shutdownOutput();
                }
            } catch (IOException e) {
                // the command has ended, and with it what reads: an end of file all the same
                LOG.debug("standard input had ended", e);
            }
        }
    }
}

package dev.sandkeeper.docker;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command's standard input. Writing blocks while the command does not read. */
final class ExecStdin extends OutputStream {
    private static final Logger LOG = LoggerFactory.getLogger(ExecStdin.class);

    private final HijackedStream stream;
    private boolean closed;

    ExecStdin(HijackedStream stream) {
        this.stream = stream;
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
                stream.shutdownOutput();
            } catch (IOException e) {
                // the command has ended, and with it what reads: an end of file all the same
                LOG.debug("standard input had ended", e);
            }
        }
    }
}

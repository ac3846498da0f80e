package dev.sandkeeper.e2b;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.http.ProviderCall;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command's standard input, a call for each piece. Writing blocks while the command does not read. */
final class ProcessInput extends OutputStream {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessInput.class);
    private static final int PIECE = 128 * 1024;
    private static final byte[] END_OF_FILE = {4, 4};

    private final Envd envd;
    private final int pid;
    private final boolean keyboard;
    private boolean lineBegins = true;
    private boolean closed;
    private volatile boolean over;
    private volatile @Nullable ProviderCall writing;

    /** @param keyboard whether it is a terminal's, whose end of file has to be typed */
    ProcessInput(Envd envd, int pid, boolean keyboard, boolean closed) {
        this.envd = envd;
        this.pid = pid;
        this.keyboard = keyboard;
        this.closed = closed;
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
        for (int start = offset; start < offset + length; start += PIECE) {
            int end = Math.min(start + PIECE, offset + length);
            send(Arrays.copyOfRange(bytes, start, end));
        }
        if (length > 0) {
            byte last = bytes[offset + length - 1];
            lineBegins = last == '\n' || last == '\r';
        }
    }

    private void send(byte[] piece) throws IOException {
        ProviderCall call = envd.input(pid, piece, keyboard);
        writing = call;
        try {
            if (over) {
                throw new IOException("the command has ended");
            }
            call.send();
        } catch (SandboxInterruptedException e) {
            throw (IOException) new InterruptedIOException("interrupted while writing to a command").initCause(e);
        } catch (SandboxException e) {
            if (!over) {
                throw new IOException("the command takes no input any more", e);
            }
            // what was written may be what ended it, and the answer was not waited for
            LOG.debug("a command ended while it was written to", e);
        } finally {
            writing = null;
        }
    }

    /** Nobody reads it any more: who writes is told. */
    void end() {
        over = true;
        ProviderCall call = writing;
        if (call != null) {
            call.cancel();
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        if (over) {
            return;
        }
        try {
            if (keyboard) {
                // the first passes on what has been typed of a line
                send(Arrays.copyOf(END_OF_FILE, lineBegins ? 1 : 2));
            } else {
                envd.closeInput(pid);
            }
        } catch (SandboxInterruptedException e) {
            throw (IOException) new InterruptedIOException("interrupted while ending a command's input").initCause(e);
        } catch (IOException | SandboxException e) {
            // the command has ended, and with it what reads: an end of file all the same
            LOG.debug("standard input had ended", e);
        }
    }
}

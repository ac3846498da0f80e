package dev.sandkeeper;

import dev.sandkeeper.internal.BytePipe;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One output stream of a running command: the receiver waits while its reader does not read, which is the back-pressure. */
final class ProcessOutput extends InputStream {
    private final BytePipe pipe;
    private volatile @Nullable IOException failure;

    ProcessOutput(int capacity) {
        this.pipe = new BytePipe(capacity);
    }

    /** Adds bytes, waiting for room. Fails once the reader has closed. */
    void write(byte[] buffer, int offset, int length) throws IOException {
        try {
            pipe.write(buffer, offset, length, null);
        } catch (InterruptedException e) {
            throw interrupted();
        } catch (TimeoutException e) {
            throw new IOException(e);
        }
    }

    /** Says that nothing more comes; with a failure, that something is missing. */
    void finish(@Nullable IOException reason) {
        failure = reason;
        pipe.end();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        try {
            int count = pipe.read(buffer, offset, length, null);
            if (count >= 0) {
                return count;
            }
        } catch (InterruptedException e) {
            throw interrupted();
        } catch (TimeoutException e) {
            throw new IOException(e);
        }
        IOException reason = failure;
        if (reason != null) {
            throw new IOException(reason.getMessage(), reason);
        }
        if (pipe.abandoned()) {
            throw new IOException("the stream is closed");
        }
        return -1;
    }

    @Override
    public int available() {
        return pipe.available();
    }

    @Override
    public void close() {
        pipe.abandon();
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for the output of a command");
    }
}

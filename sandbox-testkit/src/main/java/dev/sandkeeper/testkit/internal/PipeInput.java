package dev.sandkeeper.testkit.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicBoolean;

/** The host's end of a command's standard input. */
final class PipeInput extends OutputStream {
    private final Pipe pipe;
    private final AtomicBoolean closed = new AtomicBoolean();

    PipeInput(Pipe pipe) {
        this.pipe = pipe;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        for (int done = 0; done < count; ) {
            if (closed.get()) {
                throw new IOException("standard input is closed");
            }
            try {
                done += pipe.write(bytes, offset + done, count - done);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                InterruptedIOException interrupted =
                        new InterruptedIOException("interrupted while writing to a command");
                interrupted.bytesTransferred = done;
                interrupted.initCause(e);
                throw interrupted;
            }
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            pipe.addWriter(-1);
        }
    }
}

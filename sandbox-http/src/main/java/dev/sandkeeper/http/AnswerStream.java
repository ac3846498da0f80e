package dev.sandkeeper.http;

import dev.sandkeeper.SandboxException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.Response;

/**
 * An answer that is read as it comes. {@link #body()} is read by one thread at a time; everything else may be called from
 * any thread. It holds a connection and a place among the calls until it is closed.
 */
public final class AnswerStream implements AutoCloseable {
    private final ProviderCall request;
    private final Call call;
    private final Response response;
    private final Progress progress;
    private final Runnable over;
    private final Body body;
    private final ReentrantLock reading = new ReentrantLock();
    private volatile boolean complete;
    private volatile boolean closed;

    AnswerStream(ProviderCall request, Call call, Response response, Progress progress, Runnable over) {
        this.request = request;
        this.call = call;
        this.response = response;
        this.progress = progress;
        this.over = over;
        this.body = new Body(response.body().byteStream());
    }

    /** {@return the HTTP status: one of 2xx, or one that the call accepts} */
    public int status() {
        return response.code();
    }

    /** {@return the headers} */
    public Headers headers() {
        return response.headers();
    }

    /**
     * One header.
     *
     * @param name its name, in any case
     * @return its last value, or nothing
     */
    public Optional<String> header(String name) {
        return Optional.ofNullable(response.header(name));
    }

    /**
     * The body. A read throws {@link IOException} if the connection breaks before the end that was announced, if nothing comes
     * for as long as the call allows, after {@link #close()}, or if the thread is interrupted, whose flag is set then; {@link
     * #lost} says which. Nothing can be read after an interrupt. Closing it closes this.
     *
     * @return always the same one
     */
    public InputStream body() {
        return body;
    }

    /**
     * What it means that reading failed.
     *
     * @param e what {@link #body()} has thrown
     * @return the exception to throw
     */
    public SandboxException lost(IOException e) {
        return request.client().lost(request, progress, e);
    }

    /** {@return whether {@link #close()} was called, here or by the client} */
    public boolean closed() {
        return closed;
    }

    /** Gives the answer up if it is not complete, from any thread: a read that blocks throws. Idempotent, never throws. */
    @Override
    public void close() {
        closed = true;
        progress.done();
        if (!complete) {
            call.cancel();
        }
        reading.lock();
        try {
            response.close();
        } finally {
            reading.unlock();
            over.run();
        }
    }

    /** One reader at a time, so that nobody closes it under him. */
    private final class Body extends InputStream {
        private final InputStream in;

        Body(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            reading.lock();
            try {
                if (closed) {
                    throw new IOException("the answer is closed");
                }
                int count = in.read(buffer, offset, length);
                if (count < 0) {
                    complete = true;
                    progress.done();
                }
                return count;
            } finally {
                reading.unlock();
            }
        }

        @Override
        public int available() throws IOException {
            reading.lock();
            try {
                return closed ? 0 : in.available();
            } finally {
                reading.unlock();
            }
        }

        @Override
        public void close() {
            AnswerStream.this.close();
        }
    }
}

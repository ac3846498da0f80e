package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLParameters;

/** TLS over a plain connection. TLS 1.3 only: its directions end apart, which those of 1.2 do not. */
final class TlsConnection extends EngineConnection {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final PlainConnection raw;
    private final SSLEngine engine;
    private final ByteBuffer received;
    private final ByteBuffer decrypted;
    private final ByteBuffer encrypted;
    private final Object writing = new Object();

    private TlsConnection(PlainConnection raw, SSLEngine engine) {
        this.raw = raw;
        this.engine = engine;
        int packet = engine.getSession().getPacketBufferSize();
        received = ByteBuffer.allocate(2 * packet);
        encrypted = ByteBuffer.allocate(2 * packet);
        decrypted = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
        decrypted.flip();
    }

    static TlsConnection over(PlainConnection raw, SSLContext context, EngineAddress address, Deadline deadline)
            throws IOException, InterruptedException {
        SSLEngine engine = context.createSSLEngine(address.host(), address.port());
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        TlsConnection connection = new TlsConnection(raw, engine);
        try {
            connection.handshake(deadline);
            return connection;
        } catch (IOException | InterruptedException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    private void handshake(Deadline deadline) throws IOException, InterruptedException {
        engine.beginHandshake();
        while (true) {
            HandshakeStatus status = engine.getHandshakeStatus();
            switch (status) {
                case NEED_TASK -> runTasks();
                case NEED_WRAP -> send(NOTHING, deadline);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    int count = unwrap(deadline);
                    if (count == 0 && deadline.passed()) {
                        throw new SocketTimeoutException("no TLS handshake in time");
                    }
                    if (count < 0) {
                        throw new EOFException("the engine ended the TLS handshake");
                    }
                }
                default -> {
                    return;
                }
            }
        }
    }

    @Override
    int read(ByteBuffer target, Deadline deadline) throws IOException, InterruptedException {
        while (!decrypted.hasRemaining()) {
            int count = unwrap(deadline);
            if (count < 0) {
                return -1;
            }
            if (count == 0 && deadline.passed()) {
                return 0;
            }
        }
        int count = Math.min(decrypted.remaining(), target.remaining());
        target.put(decrypted.slice().limit(count));
        decrypted.position(decrypted.position() + count);
        return count;
    }

    /** Decrypts one record. Answers 0 if nothing came of it, perhaps because the deadline passed, and -1 at the end. */
    private int unwrap(Deadline deadline) throws IOException, InterruptedException {
        decrypted.clear();
        received.flip();
        SSLEngineResult result;
        try {
            result = engine.unwrap(received, decrypted);
        } finally {
            received.compact();
            decrypted.flip();
        }
        if (result.getStatus() == Status.CLOSED) {
            return -1;
        }
        if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
            if (raw.read(received, deadline) < 0) {
                throw new EOFException("the TLS connection was cut");
            }
            return 0;
        }
        if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
            runTasks();
        }
        if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            send(NOTHING, deadline);
        }
        return result.bytesProduced();
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    @Override
    void write(ByteBuffer source, Deadline deadline) throws IOException, InterruptedException {
        while (source.hasRemaining()) {
            send(source, deadline);
        }
    }

    private void send(ByteBuffer source, Deadline deadline) throws IOException, InterruptedException {
        synchronized (writing) {
            encrypted.clear();
            SSLEngineResult result = engine.wrap(source, encrypted);
            encrypted.flip();
            try {
                raw.write(encrypted, deadline);
            } catch (IOException | InterruptedException e) {
                // half a record cannot be continued
                raw.close();
                throw e;
            }
            if (result.getStatus() == Status.CLOSED && source.hasRemaining()) {
                throw new EOFException("the TLS connection is closed for writing");
            }
        }
    }

    @Override
    void shutdownOutput() throws IOException {
        synchronized (writing) {
            engine.closeOutbound();
            boolean interrupted = Thread.interrupted();
            try {
                send(NOTHING, Deadline.in(Duration.ofSeconds(5)));
            } catch (InterruptedException e) {
                interrupted = true;
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    @Override
    public void close() {
        raw.close();
    }
}

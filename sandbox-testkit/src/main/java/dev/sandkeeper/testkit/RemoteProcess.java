package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A command in another process's sandbox: one connection for its output, one for its input, one for each order. */
final class RemoteProcess implements BackendProcess {
    /** Frames of output; what is not a frame is the end. */
    static final int STDOUT = 1;

    static final int STDERR = 2;
    static final int ENDED = 0;
    static final int FAILED = 3;

    private final RemoteCalls calls;
    private final long sessionId;
    private final long process;
    private final RemoteInput stdin;
    private @Nullable Wire pumping;
    private boolean closed;

    RemoteProcess(RemoteCalls calls, long sessionId, long process, boolean takesInput) {
        this.calls = calls;
        this.sessionId = sessionId;
        this.process = process;
        this.stdin = new RemoteInput(calls, wire -> wire.number(sessionId).number(process), takesInput);
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        try (Wire wire = openPump()) {
            return receive(wire, sink);
        } catch (SandboxInterruptedException | ClosedByInterruptException e) {
            Thread.interrupted();
            InterruptedException interrupted = new InterruptedException("interrupted while waiting for a command");
            interrupted.initCause(e);
            throw interrupted;
        } catch (IOException e) {
            throw new BackendUnavailableException(
                    Failure.of("connection_closed", "the connection was closed before the command's end")
                            .cause(e));
        }
    }

    private Wire openPump() throws IOException {
        Wire wire = calls.open(Wire.Op.PUMP, w -> w.number(sessionId).number(process));
        synchronized (this) {
            pumping = wire;
            if (closed) {
                wire.close();
            }
        }
        return wire;
    }

    private static ExitStatus receive(Wire wire, OutputSink sink) throws IOException {
        boolean wantsOut = true;
        boolean wantsErr = true;
        while (true) {
            int frame = wire.chunkLength();
            if (frame == ENDED) {
                return new ExitStatus((int) wire.number(), wire.flag());
            }
            if (frame == FAILED) {
                throw Faults.receive(wire);
            }
            byte[] bytes = wire.bytes(wire.chunkLength());
            if (frame == STDOUT && wantsOut) {
                wantsOut = accepts(() -> sink.stdout(bytes, 0, bytes.length));
            } else if (frame == STDERR && wantsErr) {
                wantsErr = accepts(() -> sink.stderr(bytes, 0, bytes.length));
            }
        }
    }

    @FunctionalInterface
    private interface Delivery {
        void run() throws IOException;
    }

    private static boolean accepts(Delivery delivery) {
        try {
            delivery.run();
            return true;
        } catch (IOException e) {
            return false; // the contract of OutputSink: nobody wants it any more
        }
    }

    @Override
    public void signal(Signal signal) {
        calls.run(Wire.Op.SIGNAL, wire -> wire.number(sessionId).number(process).text(signal.name()));
    }

    @Override
    public void end(Duration grace) {
        calls.run(Wire.Op.END, wire -> wire.number(sessionId).number(process).number(grace.toNanos()));
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        calls.runQuietly(Wire.Op.CLOSE, wire -> wire.number(sessionId).number(process));
        stdin.disconnect();
        synchronized (this) {
            if (pumping != null) {
                RemoteInput.closeQuietly(pumping);
            }
        }
    }
}

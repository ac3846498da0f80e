package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxInterruptedException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/** Calls to a provider in another process: a connection each. */
final class RemoteCalls {
    private final int port;

    RemoteCalls(int port) {
        this.port = port;
    }

    /** Writes the arguments of a call. */
    @FunctionalInterface
    interface Arguments {
        void write(Wire wire) throws IOException;
    }

    /** Reads the answer of a call. */
    @FunctionalInterface
    interface Answer<T> {
        T read(Wire wire) throws IOException;
    }

    <T> T call(Wire.Op op, Arguments arguments, Answer<T> answer) {
        try (Wire wire = Wire.connect(port)) {
            return answer.read(begin(wire, op, arguments));
        } catch (IOException e) {
            throw lost(op, e);
        }
    }

    void run(Wire.Op op, Arguments arguments) {
        call(op, arguments, wire -> true);
    }

    /** For what must be done whatever happens: an interrupt waits until it is over, and a lost provider is fine. */
    void runQuietly(Wire.Op op, Arguments arguments) {
        boolean interrupted = Thread.interrupted();
        try {
            run(op, arguments);
        } catch (RuntimeException e) {
            // a provider that does not answer has closed everything already, or will when it misses this JVM
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A call whose connection lives on; to be closed by the caller. */
    Wire open(Wire.Op op, Arguments arguments) {
        try {
            Wire wire = Wire.connect(port);
            try {
                return begin(wire, op, arguments);
            } catch (IOException | RuntimeException e) {
                wire.close();
                throw e;
            }
        } catch (IOException e) {
            throw lost(op, e);
        }
    }

    private static Wire begin(Wire wire, Wire.Op op, Arguments arguments) throws IOException {
        arguments.write(wire.op(op));
        wire.flush();
        if (!wire.flag()) {
            throw Faults.receive(wire);
        }
        return wire;
    }

    static RuntimeException lost(Wire.Op op, IOException cause) {
        if (cause instanceof ClosedByInterruptException) {
            return new SandboxInterruptedException(
                    Failure.of("interrupted", "interrupted during " + op).cause(cause));
        }
        return new BackendUnavailableException(
                Failure.of("provider_lost", "the provider's process did not answer: " + op)
                        .remedy("See whether it still runs")
                        .cause(cause));
    }
}

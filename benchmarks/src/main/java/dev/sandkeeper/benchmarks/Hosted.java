package dev.sandkeeper.benchmarks;

import dev.sandkeeper.spi.SandboxBackend;
import java.io.IOException;

/** A simulator of a hosted provider, and both ways to use it. */
interface Hosted extends AutoCloseable {
    /** The providers. */
    enum Kind {
        E2B,
        DAYTONA,
        FLY;

        /** Starts a simulator over a backend. */
        Hosted start(SandboxBackend backing) throws IOException {
            return switch (this) {
                case E2B -> new HostedE2b(backing);
                case DAYTONA -> new HostedDaytona(backing);
                case FLY -> new HostedFly(backing);
            };
        }
    }

    /** A new backend of ours for it, with all its defaults. */
    SandboxBackend backend();

    /** Where it listens: scheme, host and port. */
    String address();

    /** Hears all that is asked of it. */
    TrafficRecorder traffic();

    /** Makes a sandbox by bare calls, and waits until it runs. */
    Bare create() throws Exception;

    /** What bare calls need beside requests to do what our backend does. */
    default Resent.Step step() {
        return Resent.Step.NONE;
    }

    /** In how many turns of five a file is moved. */
    default int fileTurns() {
        return 10;
    }

    /** Destroys, by a bare call, the sandbox that a backend of ours has made, of whose creation this is the answer. */
    void destroy(byte[] made) throws IOException;

    @Override
    void close();

    /** A sandbox that is used by as few bare calls as possible. */
    interface Bare extends AutoCloseable {
        /** Runs {@code true}, and looks at its exit code. */
        void run() throws Exception;

        /** Writes a file. */
        void write(byte[] content) throws Exception;

        /** Reads it back. */
        byte[] read() throws Exception;

        /** Destroys the sandbox. */
        @Override
        void close() throws IOException;
    }
}

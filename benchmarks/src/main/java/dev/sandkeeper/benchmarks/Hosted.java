package dev.sandkeeper.benchmarks;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import dev.sandkeeper.testkit.simulator.e2b.E2bSimulator;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import java.io.IOException;
import java.net.URI;
import java.util.Map;

/** A simulator of a hosted provider, and both ways to use it. */
abstract class Hosted implements AutoCloseable {
    /** The providers. */
    enum Kind {
        E2B,
        DAYTONA,
        FLY;

        /** Starts a simulator over a backend. */
        Hosted start(SandboxBackend backing) throws IOException {
            TrafficRecorder traffic = new TrafficRecorder();
            return switch (this) {
                case E2B ->
                    new HostedE2b(E2bSimulator.builder(backing).traffic(traffic).start(), traffic);
                case DAYTONA ->
                    new HostedDaytona(
                            DaytonaSimulator.builder(backing).traffic(traffic).start(), traffic);
                case FLY ->
                    new HostedFly(FlySimulator.builder(backing).traffic(traffic).start(), traffic);
            };
        }
    }

    private final String address;
    private final TrafficRecorder traffic;
    private final Runnable stop;

    /** Bare calls with the account's key. */
    final BareCalls calls;

    /**
     * What they have in common.
     *
     * @param address where the simulator listens
     * @param stop stops it
     * @param traffic hears all that is asked of it
     * @param headers what every bare call needs
     */
    Hosted(URI address, Runnable stop, TrafficRecorder traffic, Map<String, String> headers) {
        this.address = address.toString();
        this.stop = stop;
        this.traffic = traffic;
        this.calls = new BareCalls(this.address, headers);
    }

    /** A new backend of ours for it, with all its defaults. */
    abstract SandboxBackend backend();

    /** Where it listens: scheme, host and port. */
    final String address() {
        return address;
    }

    /** Hears all that is asked of it. */
    final TrafficRecorder traffic() {
        return traffic;
    }

    /** Makes a sandbox by bare calls, and waits until it runs. */
    abstract Bare create() throws Exception;

    /** What bare calls need beside requests to do what our backend does. */
    Resent.Step step() {
        return Resent.Step.NONE;
    }

    /** In how many turns of five a file is moved. */
    int fileTurns() {
        return 10;
    }

    /** Destroys, by a bare call, the sandbox that a backend of ours has made, of whose creation this is the answer. */
    abstract void destroy(byte[] made) throws IOException;

    @Override
    public final void close() {
        calls.close();
        stop.run();
    }

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

package dev.sandkeeper.conformance;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What the programs here need to know of a provider's simulator. */
interface Provider {
    /** As on the command line. */
    String name();

    /** The backend that stands behind it unless another is asked for. */
    default String usualBacking() {
        return "docker";
    }

    /**
     * Starts the simulator.
     *
     * @param backing makes its sandboxes
     * @param port 0 for any
     * @param traffic told of all requests and answers
     * @param defect what is wrong with its answers
     */
    Running start(SandboxBackend backing, int port, Consumer<SimulatorTraffic> traffic, Alteration defect);

    /**
     * What its traffic is compared with.
     *
     * @param specs the directory of the provider's files; there is one
     */
    List<TrafficCheck> checks(Path specs) throws IOException;

    /** Deliberate defects, each of which a run must find. */
    List<Defect> defects();

    /** A simulator that runs. */
    interface Running extends AutoCloseable {
        String url();

        /** What to set for the provider's own SDK. */
        Map<String, String> environment();

        /** What to set for the driver: the same, and what else that may want. */
        default Map<String, String> forWitness() {
            return environment();
        }

        SimulatorFaults faults();

        @Override
        void close();
    }
}

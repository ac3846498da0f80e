package dev.sandkeeper.conformance;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Fly.io Machines, of which there is no SDK to drive the simulator with: it can only be run. */
final class FlyProvider implements Provider {
    @Override
    public String name() {
        return "fly";
    }

    @Override
    public Running start(SandboxBackend backing, int port, Consumer<SimulatorTraffic> traffic, Alteration defect) {
        FlySimulator simulator =
                FlySimulator.builder(backing).port(port).traffic(traffic).start();
        return new Running() {
            @Override
            public String url() {
                return simulator.uri().toString();
            }

            @Override
            public Map<String, String> environment() {
                return new TreeMap<>(Map.of(
                        "FLY_API_TOKEN",
                        simulator.token(),
                        "FLY_APP",
                        "simulated",
                        "FLY_ORG",
                        FlySimulator.ORGANIZATION,
                        "FLY_FLAPS_BASE_URL",
                        url()));
            }

            @Override
            public SimulatorFaults faults() {
                return simulator.faults();
            }

            @Override
            public void close() {
                simulator.close();
            }
        };
    }

    @Override
    public List<TrafficCheck> checks(Path specs) {
        return List.of();
    }

    @Override
    public List<Defect> defects() {
        return List.of();
    }
}

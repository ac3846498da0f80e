package dev.sandkeeper.conformance;

import dev.sandkeeper.e2b.E2bBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.e2b.E2bSimulator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

class E2bTrafficTest extends TrafficTesting {
    @Override
    Simulated simulate(SandboxBackend backing, Consumer<SimulatorTraffic> traffic) {
        E2bSimulator simulator = E2bSimulator.builder(backing).traffic(traffic).start();
        return new Simulated() {
            @Override
            public SandboxBackend backend() {
                return E2bBackend.builder(simulator.apiKey())
                        .apiUrl(simulator.uri().toString())
                        .sandboxUrl(simulator.uri().toString())
                        .build();
            }

            @Override
            public void close() {
                simulator.close();
            }
        };
    }

    @Override
    String provider() {
        return "e2b";
    }

    @Override
    List<TrafficCheck> checks(Path specs) throws IOException {
        return E2bChecks.of(specs);
    }
}

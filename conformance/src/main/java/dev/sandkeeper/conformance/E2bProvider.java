package dev.sandkeeper.conformance;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.e2b.E2bSimulator;
import dev.sandkeeper.testkit.simulator.e2b.E2bUnderTest;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** E2B. */
final class E2bProvider implements Provider {
    @Override
    public String name() {
        return "e2b";
    }

    @Override
    public Running start(SandboxBackend backing, int port, Consumer<SimulatorTraffic> traffic, Alteration defect) {
        E2bSimulator simulator = E2bUnderTest.altered(
                        E2bSimulator.builder(backing).port(port).traffic(traffic), defect)
                .start();
        return new Running() {
            @Override
            public String url() {
                return simulator.uri().toString();
            }

            @Override
            public Map<String, String> environment() {
                return simulator.environment();
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
    public List<TrafficCheck> checks(Path specs) throws IOException {
        return E2bChecks.of(specs);
    }

    @Override
    public List<Defect> defects() {
        return E2bDefects.all();
    }
}

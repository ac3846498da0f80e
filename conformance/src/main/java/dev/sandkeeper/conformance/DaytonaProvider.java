package dev.sandkeeper.conformance;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Daytona. */
final class DaytonaProvider implements Provider {
    private static final String TERMINALS = "DAYTONA_TERMINAL_API_URL";

    @Override
    public String name() {
        return "daytona";
    }

    @Override
    public String usualBacking() {
        return "local";
    }

    @Override
    public Running start(SandboxBackend backing, int port, Consumer<SimulatorTraffic> traffic, Alteration defect) {
        DaytonaSimulator simulator = simulator(DaytonaSimulator.builder(backing).port(port), traffic, defect);
        return new Daytona(simulator, backing.capabilities().contains(Capability.TERMINAL), traffic, defect);
    }

    private static DaytonaSimulator simulator(
            DaytonaSimulator.Builder builder, Consumer<SimulatorTraffic> traffic, Alteration defect) {
        return builder.restrictedKey("dtn_reader")
                .traffic(traffic)
                .alteration(defect)
                .start();
    }

    @Override
    public List<TrafficCheck> checks(Path specs) throws IOException {
        return DaytonaChecks.of(specs);
    }

    @Override
    public List<Defect> defects() {
        return DaytonaDefects.all();
    }

    /** A simulator, and for a witness a second one where the first one's sandboxes have no terminals. */
    private static final class Daytona implements Running {
        private final DaytonaSimulator simulator;
        private final boolean terminals;
        private final Consumer<SimulatorTraffic> traffic;
        private final Alteration defect;
        private @Nullable SandboxBackend docker;
        private @Nullable DaytonaSimulator second;

        Daytona(DaytonaSimulator simulator, boolean terminals, Consumer<SimulatorTraffic> traffic, Alteration defect) {
            this.simulator = simulator;
            this.terminals = terminals;
            this.traffic = traffic;
            this.defect = defect;
        }

        @Override
        public String url() {
            return simulator.apiUrl().toString();
        }

        @Override
        public Map<String, String> environment() {
            return simulator.environment();
        }

        @Override
        public Map<String, String> forWitness() {
            Map<String, String> all = new TreeMap<>(environment());
            if (terminals) {
                all.put(TERMINALS, url());
            } else {
                SandboxBackend backing = DockerBackend.create();
                DaytonaSimulator.Builder builder = DaytonaSimulator.builder(backing)
                        .spec(SandboxSpec.builder()
                                .image("sandkeeper-test/debian-python:latest")
                                .build());
                DaytonaSimulator started = simulator(builder, traffic, defect);
                docker = backing;
                second = started;
                all.put(TERMINALS, started.apiUrl().toString());
            }
            return all;
        }

        @Override
        public SimulatorFaults faults() {
            return simulator.faults();
        }

        @Override
        public void close() {
            simulator.close();
            if (second != null) {
                second.close();
            }
            if (docker != null) {
                docker.close();
            }
        }
    }
}

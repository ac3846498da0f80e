package dev.sandkeeper.conformance;

import static org.awaitility.Awaitility.await;

import dev.sandkeeper.daytona.DaytonaBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

class DaytonaTrafficTest extends TrafficTesting {
    @Override
    Simulated simulate(SandboxBackend backing, Consumer<SimulatorTraffic> traffic) {
        DaytonaSimulator simulator =
                DaytonaSimulator.builder(backing).traffic(traffic).start();
        DaytonaCalls calls = new DaytonaCalls(simulator);
        calls.post("/volumes", "{'name':'shared'}").is(200);
        await().until(() -> calls.get("/volumes/by-name/shared").at("state").equals("ready"));
        return new Simulated() {
            @Override
            public SandboxBackend backend() {
                return DaytonaBackend.builder()
                        .apiKey(DaytonaSimulator.DEFAULT_KEY)
                        .apiUrl(simulator.apiUrl().toString())
                        .volume("shared", "/data")
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
        return "daytona";
    }

    @Override
    List<TrafficCheck> checks(Path specs) {
        return DaytonaChecks.of(specs);
    }
}

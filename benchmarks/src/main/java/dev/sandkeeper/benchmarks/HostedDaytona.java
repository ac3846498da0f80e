package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.daytona.DaytonaBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.RequestBody;

/** The simulated Daytona. A bare command is a synchronous one of a session, which keeps both streams apart. */
final class HostedDaytona extends Hosted {
    private static final String SESSION = "bench";

    private final DaytonaSimulator simulator;

    HostedDaytona(DaytonaSimulator simulator, TrafficRecorder traffic) {
        super(
                simulator.uri(),
                simulator::close,
                traffic,
                Map.of(
                        "Authorization",
                        "Bearer " + DaytonaSimulator.DEFAULT_KEY,
                        "X-Daytona-Source",
                        "bench",
                        "X-Daytona-SDK-Version",
                        "0.216.0"));
        this.simulator = simulator;
    }

    @Override
    SandboxBackend backend() {
        return DaytonaBackend.builder()
                .apiKey(DaytonaSimulator.DEFAULT_KEY)
                .apiUrl(simulator.apiUrl().toString())
                .build();
    }

    @Override
    Resent.Step step() {
        return new DaytonaLog();
    }

    @Override
    void destroy(byte[] made) throws IOException {
        destroy(BareCalls.tree(made, 0, made.length).path("id").asText());
    }

    private void destroy(String id) throws IOException {
        calls.bytes("DELETE", "/api/sandbox/" + id, null);
    }

    @Override
    Bare create() throws Exception {
        JsonNode made = calls.json("POST", "/api/sandbox", "{}");
        String id = made.path("id").asText();
        while (!made.path("state").asText().equals("started")) {
            TimeUnit.MILLISECONDS.sleep(20);
            made = calls.json("GET", "/api/sandbox/" + id, null);
        }
        calls.json("POST", "/toolbox/" + id + "/process/session", "{\"sessionId\":\"" + SESSION + "\"}");
        return new Box(id);
    }

    private final class Box implements Bare {
        private final String id;
        private final String toolbox;

        Box(String id) {
            this.id = id;
            this.toolbox = "/toolbox/" + id;
        }

        @Override
        public void run() throws IOException {
            JsonNode answer =
                    calls.json("POST", toolbox + "/process/session/" + SESSION + "/exec", "{\"command\":\"true\"}");
            if (answer.path("exitCode").asInt(-1) != 0) {
                throw new IOException("true did not exit with 0");
            }
        }

        @Override
        public void write(byte[] content) throws IOException {
            calls.bytes("POST", toolbox + "/files/upload-v2?path=bare", RequestBody.create(content, BareCalls.BYTES));
        }

        @Override
        public byte[] read() throws IOException {
            return calls.bytes("GET", toolbox + "/files/download?path=bare", null);
        }

        @Override
        public void close() throws IOException {
            destroy(id);
        }
    }
}

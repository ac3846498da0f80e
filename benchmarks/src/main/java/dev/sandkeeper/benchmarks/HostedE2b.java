package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.e2b.E2bBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.e2b.E2bSimulator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.RequestBody;

/** The simulated E2B. A bare command is one stream of the daemon in the sandbox, a bare file one request each way. */
final class HostedE2b extends Hosted {
    private static final MediaType FRAMES = MediaType.get("application/connect+json");
    private static final int HEADER = 5;
    private static final byte[] TRUE = framed("{\"process\":{\"cmd\":\"true\",\"args\":[]},\"stdin\":false}");

    private final E2bSimulator simulator;

    HostedE2b(E2bSimulator simulator, TrafficRecorder traffic) {
        super(simulator.uri(), simulator::close, traffic, Map.of("X-API-KEY", simulator.apiKey()));
        this.simulator = simulator;
    }

    private static byte[] framed(String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(HEADER + bytes.length)
                .put((byte) 0)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    @Override
    SandboxBackend backend() {
        return E2bBackend.builder(simulator.apiKey())
                .apiUrl(address())
                .sandboxUrl(address())
                .build();
    }

    @Override
    void destroy(byte[] made) throws IOException {
        destroy(BareCalls.tree(made, 0, made.length).path("sandboxID").asText());
    }

    private void destroy(String id) throws IOException {
        calls.bytes("DELETE", "/sandboxes/" + id, null);
    }

    @Override
    Bare create() throws Exception {
        JsonNode made = calls.json("POST", "/sandboxes", "{\"templateID\":\"base\",\"timeout\":300,\"secure\":true}");
        return new Box(
                made.path("sandboxID").asText(), made.path("envdAccessToken").asText());
    }

    private final class Box implements Bare {
        private final String id;
        private final BareCalls daemon;

        Box(String id, String token) {
            this.id = id;
            this.daemon = new BareCalls(
                    address(),
                    Map.of(
                            "X-Access-Token",
                            token,
                            "E2b-Sandbox-Id",
                            id,
                            "E2b-Sandbox-Port",
                            "49983",
                            "Connect-Protocol-Version",
                            "1"));
        }

        @Override
        public void run() throws IOException {
            byte[] answer = daemon.bytes("POST", "/process.Process/Start", RequestBody.create(TRUE, FRAMES));
            ByteBuffer frames = ByteBuffer.wrap(answer);
            boolean exited = false;
            while (frames.remaining() >= HEADER) {
                frames.get();
                int length = frames.getInt();
                JsonNode end = BareCalls.tree(answer, frames.position(), length)
                        .path("event")
                        .path("end");
                exited |= end.path("exited").asBoolean() && end.path("exitCode").asInt(0) == 0;
                frames.position(frames.position() + length);
            }
            if (!exited) {
                throw new IOException("true did not exit with 0");
            }
        }

        @Override
        public void write(byte[] content) throws IOException {
            daemon.bytes("POST", "/files?path=bare", RequestBody.create(content, BareCalls.BYTES));
        }

        @Override
        public byte[] read() throws IOException {
            return daemon.bytes("GET", "/files?path=bare", null);
        }

        @Override
        public void close() throws IOException {
            destroy(id);
            daemon.close();
        }
    }
}

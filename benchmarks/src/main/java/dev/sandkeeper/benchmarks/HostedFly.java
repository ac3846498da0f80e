package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.fly.FlyBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;

/** The simulated Fly.io. It has no files of its own, so a bare file goes through execs too, in pieces that one of them takes. */
final class HostedFly extends Hosted {
    private static final int PIECE = 9_000;
    private static final int SLICE = 1 << 20;
    private static final String APP = "/v1/apps/bare";
    private static final String OUR_APP = "ours";
    private static final String OURS = "/v1/apps/" + OUR_APP;

    private final FlySimulator simulator;

    HostedFly(FlySimulator simulator, TrafficRecorder traffic) throws IOException {
        super(simulator.uri(), simulator::close, traffic, Map.of("Authorization", "Bearer " + simulator.token()));
        this.simulator = simulator;
        calls.json("POST", "/v1/apps", "{\"app_name\":\"bare\",\"org_slug\":\"" + FlySimulator.ORGANIZATION + "\"}");
    }

    @Override
    SandboxBackend backend() {
        return FlyBackend.builder(simulator.token(), OUR_APP)
                .organization(FlySimulator.ORGANIZATION)
                .url(simulator.uri())
                .build();
    }

    /** One takes seconds. */
    @Override
    int fileTurns() {
        return 3;
    }

    @Override
    void destroy(byte[] made) throws IOException {
        String id = BareCalls.tree(made, 0, made.length).path("id").asText();
        calls.bytes("DELETE", OURS + "/machines/" + id + "?force=true", null);
    }

    @Override
    Bare create() throws Exception {
        JsonNode made = calls.json(
                "POST",
                APP + "/machines",
                "{\"config\":{\"image\":\"debian:12-slim\",\"init\":{\"exec\":[\"/bin/sleep\",\"inf\"]},"
                        + "\"guest\":{\"cpu_kind\":\"shared\",\"cpus\":1,\"memory_mb\":512},"
                        + "\"restart\":{\"policy\":\"no\"},\"auto_destroy\":true}}");
        String path = APP + "/machines/" + made.path("id").asText();
        calls.json("GET", path + "/wait?state=started&timeout=60", null);
        return new Machine(path);
    }

    private final class Machine implements Bare {
        private final String path;

        Machine(String path) {
            this.path = path;
        }

        private String exec(String command, String stdin) throws IOException {
            JsonNode answer = calls.json(
                    "POST",
                    path + "/exec",
                    "{\"command\":[\"sh\",\"-c\",\"" + command + "\"],\"timeout\":30,\"stdin\":\"" + stdin + "\"}");
            if (answer.path("exit_code").asInt(-1) != 0) {
                throw new IOException(command + " did not exit with 0: " + answer);
            }
            return answer.path("stdout").asText();
        }

        @Override
        public void run() throws IOException {
            exec("true", "");
        }

        @Override
        public void write(byte[] content) throws IOException {
            exec(": >/tmp/bare", "");
            for (int start = 0; start < content.length; start += PIECE) {
                byte[] piece = Arrays.copyOfRange(content, start, Math.min(content.length, start + PIECE));
                exec("base64 -d >>/tmp/bare", Base64.getEncoder().encodeToString(piece));
            }
        }

        @Override
        public byte[] read() throws IOException {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            while (true) {
                String slice =
                        exec("tail -c +" + (all.size() + 1) + " /tmp/bare | head -c " + SLICE + " | base64 -w 0", "");
                byte[] bytes = Base64.getDecoder().decode(slice.strip());
                all.writeBytes(bytes);
                if (bytes.length < SLICE) {
                    return all.toByteArray();
                }
            }
        }

        @Override
        public void close() throws IOException {
            calls.bytes("DELETE", path + "?force=true", null);
        }
    }
}

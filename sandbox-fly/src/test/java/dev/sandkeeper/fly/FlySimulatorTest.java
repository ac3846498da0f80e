package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The simulated service as another client sees it. */
@Needs(Component.BUBBLEWRAP)
class FlySimulatorTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String MACHINES = "/v1/apps/app/machines";

    @TempDir
    Path directory;

    private final OkHttpClient client = new OkHttpClient();
    private SandboxBackend local;
    private FlySimulator simulator;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    FlySimulatorTest() {}

    private record Got(int status, JsonNode json) {
        String error() {
            return json.path("error").asText();
        }

        String text(String field) {
            return json.path(field).asText();
        }
    }

    @BeforeEach
    void start() throws IOException {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        start(FlySimulator.builder(local));
    }

    private void start(FlySimulator.Builder builder) throws IOException {
        simulator = builder.start();
        assertThat(call("POST", "/v1/apps", Map.of("name", "app", "org_slug", "personal"))
                        .status())
                .isEqualTo(201);
    }

    @AfterEach
    void stop() {
        simulator.close();
        local.close();
        client.connectionPool().evictAll();
        client.dispatcher().executorService().shutdown();
    }

    private Got call(String method, String path, Object body) throws IOException {
        RequestBody sent = body.equals("") && (method.equals("GET") || method.equals("DELETE"))
                ? null
                : RequestBody.create(
                        MAPPER.writeValueAsBytes(body.equals("") ? Map.of() : body), MediaType.get("application/json"));
        Request request = new Request.Builder()
                .url(simulator.uri() + path)
                .header("Authorization", "Bearer " + simulator.token())
                .method(method, sent)
                .build();
        try (Response response = client.newCall(request).execute()) {
            assertThat(response.header("fly-request-id")).isNotNull();
            return new Got(response.code(), MAPPER.readTree(response.body().bytes()));
        }
    }

    private String create(Map<String, Object> config, boolean launch) throws IOException {
        Got made = call("POST", MACHINES, Map.of("config", config, "skip_launch", !launch));
        assertThat(made.status()).as(made.error()).isEqualTo(200);
        assertThat(made.text("state")).isEqualTo("created");
        return made.text("id");
    }

    private String started() throws IOException {
        String id = create(Map.of("image", "alpine"), true);
        assertThat(call("GET", MACHINES + "/" + id + "/wait?state=started&timeout=20", "")
                        .status())
                .isEqualTo(200);
        return id;
    }

    private Got exec(String id, Object body) throws IOException {
        return call("POST", MACHINES + "/" + id + "/exec", body);
    }

    @Test
    void anExecAnswers200WhateverTheExitCode() throws IOException {
        String id = started();
        Got ran = exec(id, Map.of("command", List.of("sh", "-c", "cat; echo err >&2; exit 3"), "stdin", "in\n"));
        assertThat(ran.status()).isEqualTo(200);
        assertThat(ran.json().path("exit_code").asInt()).isEqualTo(3);
        assertThat(ran.text("stdout")).isEqualTo("in\n");
        assertThat(ran.text("stderr")).isEqualTo("err\n");
        assertThat(exec(id, Map.of("cmd", "printf '%s|' 'a b' *")).text("stdout"))
                .isEqualTo("a b|*|");
        assertThat(exec(id, Map.of("command", List.of("pwd"))).text("stdout")).isEqualTo("/\n");
    }

    @Test
    void anExecOfMoreThan16KilobytesSucceedsWithoutRunning() throws IOException {
        String id = started();
        Got ran = exec(
                id, Map.of("command", List.of("sh", "-c", "echo ran > /workspace/ran"), "stdin", "x".repeat(17_000)));
        assertThat(ran.status()).isEqualTo(200);
        assertThat(ran.json().path("exit_code").asInt()).isZero();
        assertThat(ran.text("stderr")).contains("Rejection([PayloadTooLarge");
        assertThat(exec(id, Map.of("command", List.of("ls", "/workspace/ran")))
                        .json()
                        .path("exit_code")
                        .asInt())
                .isNotZero();
    }

    @Test
    void anExecThatTakesTooLongIsLostAndGoesOn() throws IOException {
        String id = started();
        Got late = exec(id, Map.of("command", List.of("sh", "-c", "sleep 2; echo x > /workspace/late"), "timeout", 1));
        assertThat(late.status()).isEqualTo(408);
        assertThat(late.error()).startsWith("deadline_exceeded: Post \"http://unix/v1/exec\"");
        assertThat(exec(id, Map.of("command", List.of("true"), "timeout", 61)).error())
                .isEqualTo("timeout must not exceed 60 seconds");
        await().until(() -> exec(id, Map.of("command", List.of("cat", "/workspace/late")))
                .text("stdout")
                .equals("x\n"));
    }

    @Test
    void waitsAreBoundedAndSayWhereTheMachineIs() throws IOException {
        String id = create(Map.of("image", "alpine"), false);
        Got late = call("GET", MACHINES + "/" + id + "/wait?state=started&timeout=1", "");
        assertThat(late.status()).isEqualTo(408);
        assertThat(late.error())
                .isEqualTo("deadline_exceeded: machine failed to reach desired state, started, currently stopped");
        assertThat(call("GET", MACHINES + "/" + id + "/wait?state=started&timeout=61", "")
                        .error())
                .contains("[1s, 1m0s]");
        assertThat(call("GET", MACHINES + "/" + id + "/wait?state=stopped", "").status())
                .isEqualTo(400);
        assertThat(exec(id, Map.of("command", List.of("true"))).status()).isEqualTo(412);
    }

    @Test
    void destroyingNeedsForceAndIsSeenForAWhile() throws IOException {
        String id = started();
        assertThat(call("DELETE", MACHINES + "/" + id, "").error())
                .isEqualTo(
                        "failed_precondition: unable to destroy machine, not currently stopped, suspended, failed or created");
        assertThat(call("DELETE", MACHINES + "/" + id + "?force=true", "").text("ok"))
                .isEqualTo("true");
        assertThat(call("GET", MACHINES + "/" + id + "/wait?state=destroyed&timeout=20", "")
                        .status())
                .isEqualTo(200);
        assertThat(call("GET", MACHINES + "/" + id, "").text("state")).isEqualTo("destroyed");
        assertThat(call("GET", MACHINES, "").json()).isEmpty();
        await().until(() -> call("GET", MACHINES + "/" + id, "").status() == 404);
    }

    @Test
    void namesAreUniqueAmongTheLiving() throws IOException {
        Map<String, Object> body = Map.of("name", "one", "config", Map.of("image", "alpine"));
        String id = call("POST", MACHINES, body).text("id");
        Got second = call("POST", MACHINES, body);
        assertThat(second.status()).isEqualTo(409);
        assertThat(second.error())
                .isEqualTo("already_exists: unique machine name violation, machine ID " + id
                        + " already exists with name \"one\"");
        call("DELETE", MACHINES + "/" + id + "?force=true", "");
        call("GET", MACHINES + "/" + id + "/wait?state=destroyed", "");
        assertThat(call("POST", MACHINES, body).status()).isEqualTo(200);
    }

    @Test
    void leasesComeInAnEnvelopeAndHoldOthersOff() throws IOException {
        String id = create(Map.of("image", "alpine"), false);
        Got lease = call("POST", MACHINES + "/" + id + "/lease", Map.of("ttl", 2));
        assertThat(lease.status()).isEqualTo(201);
        assertThat(lease.json().path("data").path("nonce").asText()).isNotEmpty();
        assertThat(call("POST", MACHINES + "/" + id + "/lease", Map.of("ttl", 2))
                        .status())
                .isEqualTo(409);
        assertThat(call("POST", MACHINES + "/" + id + "/start", "").status()).isEqualTo(409);
        long before = System.nanoTime();
        assertThat(call("DELETE", MACHINES + "/" + id + "?force=true", "").status())
                .isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(Duration.ofSeconds(1));
    }

    @Test
    void theMainProcessDecidesOverTheMachine() throws IOException {
        String id = create(
                Map.of(
                        "image",
                        "alpine",
                        "init",
                        Map.of("exec", List.of("sh", "-c", "sleep 1; exit 4")),
                        "auto_destroy",
                        true,
                        "restart",
                        Map.of("policy", "no")),
                true);
        assertThat(call("GET", MACHINES + "/" + id + "/wait?state=destroyed&timeout=30", "")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void whatFlyPassesOverIsTold() throws IOException {
        create(Map.of("image", "alpine", "autodestroy", true), false);
        assertThat(simulator.unknownFields()).containsExactly("POST /v1/apps/{app}/machines: config.autodestroy");
        assertThat(call("POST", MACHINES, Map.of("config", Map.of("image", "x", "guest", Map.of("memory_mb", 300))))
                        .status())
                .isEqualTo(400);
        assertThat(call("POST", "/v1/apps", Map.of("app_name", "app", "org_slug", "personal"))
                        .text("status"))
                .isEqualTo("name_taken");
    }

    @Test
    void metadataFilterTheListAndLimitsAreKeptIfAsked() throws IOException {
        String id = create(Map.of("image", "alpine", "metadata", Map.of("who", "me")), false);
        assertThat(call("GET", MACHINES + "?metadata.who=me", "")
                        .json()
                        .path(0)
                        .path("id")
                        .asText())
                .isEqualTo(id);
        assertThat(call("GET", MACHINES + "?metadata.who=you", "").json()).isEmpty();
        simulator.close();
        start(FlySimulator.builder(local).rateLimits());
        int refused = 0;
        for (int i = 0; i < 6; i++) {
            refused += call("GET", MACHINES, "").status() == 429 ? 1 : 0;
        }
        assertThat(refused).isPositive();
    }

    @Test
    void anAppGoesWithAllThatIsInItAnd100AMinuteMayGo() throws IOException {
        started();
        assertThat(call("DELETE", "/v1/apps/app", "").status()).isEqualTo(412);
        assertThat(call("DELETE", "/v1/apps/app?force=true", "").status()).isEqualTo(202);
        assertThat(call("GET", "/v1/apps/app", "").status()).isEqualTo(404);
        assertThat(call("DELETE", "/v1/apps/app?force=true", "").status()).isEqualTo(404);
        assertThat(simulator.machines()).isZero();
        simulator.close();
        start(FlySimulator.builder(local).rateLimits());
        int passed = 0;
        while (call("DELETE", "/v1/apps/none-" + passed, "").status() == 404 && passed < 1000) {
            passed++;
        }
        assertThat(passed).isBetween(100, 999);
    }
}

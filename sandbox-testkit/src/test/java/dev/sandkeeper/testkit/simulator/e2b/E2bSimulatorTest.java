package dev.sandkeeper.testkit.simulator.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.LeakChecks;
import dev.sandkeeper.testkit.MutableClock;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.e2b.Client.Made;
import dev.sandkeeper.testkit.simulator.e2b.Client.Reply;
import java.io.DataInputStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class E2bSimulatorTest {
    private final Set<Thread> before = LeakChecks.liveThreads();
    private final MutableClock clock = MutableClock.create();
    private final InMemoryBackend backing = InMemoryBackend.create();
    private E2bSimulator simulator;
    private Client client;

    @BeforeEach
    void start() {
        simulator = E2bSimulator.builder(backing)
                .clock(clock)
                .concurrentSandboxes(4)
                .start();
        client = new Client(simulator);
    }

    @AfterEach
    void leavesNothing() {
        simulator.close();
        assertThat(backing.provider().resources()).isEmpty();
        backing.close();
        LeakChecks.assertNoThreadsSince(before, Duration.ofSeconds(10));
    }

    @Test
    void asksForAKeyAsTheServiceDoes() {
        assertThat(client.send("GET", "/v2/sandboxes", "").message()).isEqualTo("authorization header is missing");
        assertThat(client.send("GET", "/v2/sandboxes", "", "X-API-Key", "x").message())
                .isEqualTo("authorization header is malformed");
        assertThat(client.send("GET", "/v2/sandboxes", "", "X-API-Key", "e2b_zz")
                        .message())
                .endsWith("\nInvalid API key format");
        Reply unknown = client.send("GET", "/v2/sandboxes", "", "X-API-Key", "e2b_00");
        assertThat(unknown.status()).isEqualTo(401);
        assertThat(unknown.message()).endsWith("\nCannot get the team for the given API key");
        assertThat(client.send("GET", "/health", "").status()).isEqualTo(204);
    }

    @Test
    void createsFindsAndKills() {
        Made made = client.create(",\"metadata\":{\"owner\":\"me\"},\"timeout\":60");
        JsonNode detail = client.api("GET", "/sandboxes/" + made.id()).json();
        assertThat(detail.path("state").asText()).isEqualTo("running");
        assertThat(detail.path("metadata").path("owner").asText()).isEqualTo("me");
        assertThat(Instant.parse(detail.path("endAt").asText()))
                .isEqualTo(clock.instant().plusSeconds(60));
        assertThat(client.api("GET", "/sandboxes/" + made.id() + "-6532622b").status())
                .isEqualTo(200);
        assertThat(client.api("DELETE", "/sandboxes/" + made.id()).status()).isEqualTo(204);
        Reply again = client.api("DELETE", "/sandboxes/" + made.id());
        assertThat(again.status()).isEqualTo(404);
        assertThat(again.json().path("code").asInt()).isEqualTo(404);
        assertThat(client.api("GET", "/sandboxes/No!").status()).isEqualTo(400);
    }

    @Test
    void refusesWhatTheServiceRefuses() {
        assertThat(create("{\"templateID\":\"nope\"}").message()).isEqualTo("template 'nope' not found");
        assertThat(create("{\"template\":\"base\"}").status()).isEqualTo(400);
        assertThat(create("{\"templateID\":\"base\",\"secure\":true}").status()).isEqualTo(400);
        assertThat(create("{\"templateID\":\"base\",\"timeout\":0}").message())
                .isEqualTo("Timeout must be greater than 0");
        assertThat(create("{\"templateID\":\"base\",\"timeout\":90000}").message())
                .isEqualTo("Timeout cannot be greater than 24 hours");
        assertThat(create("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"a.example\"]}}")
                        .status())
                .isEqualTo(400);
        assertThat(client.send(
                                "POST",
                                "/v2/sandboxes",
                                "{}",
                                "X-API-Key",
                                simulator.apiKey(),
                                "Content-Type",
                                "text/plain")
                        .status())
                .isEqualTo(400);
        for (int i = 0; i < 4; i++) {
            client.create("");
        }
        Reply full = create("{\"templateID\":\"base\"}");
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.message()).startsWith("you have reached the maximum number of concurrent E2B sandboxes (4)");
        assertThat(full.raw().headers().firstValue("Retry-After")).isEmpty();
    }

    private Reply create(String body) {
        return client.api("POST", "/v2/sandboxes", body);
    }

    @Test
    void listsPageByPageAndByMetadata() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ids.add(
                    0,
                    client.create(",\"metadata\":{\"n\":\"" + i + "\",\"a b\":\"é&=\"},\"timeout\":3600")
                            .id());
            clock.advance(Duration.ofSeconds(1));
        }
        Reply first = client.api("GET", "/v2/sandboxes?limit=2&state=running,paused");
        assertThat(ids(first)).containsExactlyElementsOf(ids.subList(0, 2));
        String token = first.raw().headers().firstValue("X-Next-Token").orElseThrow();
        Reply second = client.api("GET", "/v2/sandboxes?limit=2&nextToken=" + token);
        assertThat(ids(second)).containsExactly(ids.get(2));
        assertThat(second.raw().headers().firstValue("X-Next-Token")).isEmpty();
        assertThat(ids(client.api("GET", "/v2/sandboxes?order=asc")))
                .containsExactly(ids.get(2), ids.get(1), ids.get(0));
        assertThat(ids(client.api("GET", "/v2/sandboxes?metadata=n%3D1"))).containsExactly(ids.get(1));
        assertThat(ids(client.api("GET", "/v2/sandboxes?metadata=a%252520b%3D%2525C3%2525A9%252526%25253D%26n%3D2")))
                .containsExactly(ids.get(0));
        assertThat(client.api("GET", "/v2/sandboxes?limit=0").status()).isEqualTo(400);
        assertThat(client.api("GET", "/v2/sandboxes?order=asc&nextToken=" + token)
                        .status())
                .isEqualTo(400);
    }

    private static List<String> ids(Reply reply) {
        List<String> ids = new ArrayList<>();
        reply.json().forEach(each -> ids.add(each.path("sandboxID").asText()));
        return ids;
    }

    @Test
    void endsByItsClockAndIsRenewed() {
        Made made = client.create(",\"timeout\":60");
        String path = "/sandboxes/" + made.id();
        assertThat(client.api("POST", path + "/timeout", "{\"timeout\":120}").status())
                .isEqualTo(204);
        clock.advance(Duration.ofSeconds(119));
        assertThat(client.api("GET", path).status()).isEqualTo(200);
        assertThat(client.api("POST", path + "/connect", "{\"timeout\":10}").status())
                .isEqualTo(200);
        clock.advance(Duration.ofSeconds(9));
        assertThat(client.api("GET", path).status()).isEqualTo(200);
        clock.advance(Duration.ofSeconds(1));
        assertThat(client.api("GET", path).status()).isEqualTo(404);
        assertThat(client.envd(made, "GET", "/health", "").message()).isEqualTo("The sandbox was not found");
        await().until(() -> backing.provider().resources().isEmpty());
    }

    @Test
    void pausesAndResumes() {
        Made made = client.create(",\"timeout\":60");
        String path = "/sandboxes/" + made.id();
        assertThat(client.api("POST", path + "/pause").status()).isEqualTo(204);
        Reply again = client.api("POST", path + "/pause", "{}");
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.json().path("code").asInt()).isEqualTo(409);
        assertThat(client.api("GET", path).json().path("state").asText()).isEqualTo("paused");
        assertThat(client.envd(made, "GET", "/health", "").status()).isEqualTo(502);
        assertThat(client.api("POST", path + "/timeout", "{\"timeout\":5}").status())
                .isEqualTo(404);
        clock.advance(Duration.ofHours(1));
        assertThat(client.api("POST", "/v2" + path + "/connect").status()).isEqualTo(201);
        assertThat(client.envd(made, "GET", "/health", "").status()).isEqualTo(204);
        assertThat(client.api("POST", path + "/resume", "{\"timeout\":5}").status())
                .isEqualTo(409);
    }

    @Test
    void pausesAtItsEndAndResumesForTraffic() {
        Made made = client.create(",\"timeout\":60,\"autoPause\":true,\"autoResume\":{\"enabled\":true}");
        clock.advance(Duration.ofSeconds(61));
        assertThat(client.api("GET", "/sandboxes/" + made.id())
                        .json()
                        .path("state")
                        .asText())
                .isEqualTo("paused");
        assertThat(client.envd(made, "GET", "/health", "").status()).isEqualTo(204);
        assertThat(client.api("GET", "/sandboxes/" + made.id())
                        .json()
                        .path("state")
                        .asText())
                .isEqualTo("running");
    }

    @Test
    void runsCommandsWithTheirStreamsAndExitCode() {
        Made made = client.create(",\"envVars\":{\"A\":\"1\"}");
        List<JsonNode> events = client.stream(
                made,
                "process.Process/Start",
                Client.start("echo $A$B; echo err >&2; exit 3", ",\"stdin\":false")
                        .replace("]}", "],\"envs\":{\"B\":\"2\"}}"));
        assertThat(events.get(0).at("/event/start/pid").asInt()).isPositive();
        assertThat(Client.output(events, "stdout")).isEqualTo("12\n");
        assertThat(Client.output(events, "stderr")).isEqualTo("err\n");
        assertThat(events.get(events.size() - 2).at("/event/end").toString())
                .isEqualTo("{\"exitCode\":3,\"exited\":true,\"status\":\"exit status 3\",\"error\":\"exit status 3\"}");
        assertThat(events.get(events.size() - 1).toString()).isEqualTo("{}");
    }

    @Test
    void tellsErrorsOfAStreamInItsEnd() {
        Made made = client.create("");
        List<JsonNode> events = client.stream(
                made,
                "process.Process/Start",
                Client.start("true", "").replace("\"args\"", "\"cwd\":\"/nope\",\"args\""));
        assertThat(events).hasSize(1);
        assertThat(events.get(0).toString())
                .isEqualTo("{\"error\":{\"code\":\"invalid_argument\",\"message\":\"cwd '/nope' does not exist\"}}");
        List<JsonNode> user = client.stream(
                made, "process.Process/Start", Client.start("true", ""), "Authorization", "Basic bm9ib2R5Og==");
        assertThat(user.get(0).at("/error/code").asText()).isEqualTo("unauthenticated");
        List<JsonNode> gone = client.stream(made, "process.Process/Connect", "{\"process\":{\"pid\":9}}");
        assertThat(gone.get(0).at("/error/message").asText()).isEqualTo("process with pid 9 not found");
        assertThat(client.rpc(
                                made,
                                "process.Process/SendSignal",
                                "{\"process\":{\"pid\":9},\"signal\":\"SIGNAL_SIGKILL\"}")
                        .status())
                .isEqualTo(404);
    }

    @Test
    void writesToACommandConnectsToItAndKillsIt() throws Exception {
        Made made = client.create("");
        try (DataInputStream first =
                new DataInputStream(client.open(made, "process.Process/Start", "{\"process\":{\"cmd\":\"cat\"}}"))) {
            int pid = Client.frame(first).at("/event/start/pid").asInt();
            String selector = "{\"process\":{\"pid\":" + pid + "}";
            assertThat(client.rpc(made, "process.Process/List", "{}")
                            .json()
                            .at("/processes/0/pid")
                            .asInt())
                    .isEqualTo(pid);
            try (DataInputStream second =
                    new DataInputStream(client.open(made, "process.Process/Connect", selector + "}"))) {
                assertThat(Client.frame(second).at("/event/start/pid").asInt()).isEqualTo(pid);
                client.rpc(made, "process.Process/SendInput", selector + ",\"input\":{\"stdin\":\"aGkK\"}}");
                assertThat(Client.output(List.of(Client.frame(first)), "stdout"))
                        .isEqualTo("hi\n");
                assertThat(Client.output(List.of(Client.frame(second)), "stdout"))
                        .isEqualTo("hi\n");
            }
            client.rpc(made, "process.Process/SendSignal", selector + ",\"signal\":\"SIGNAL_SIGKILL\"}");
            assertThat(Client.frame(first).at("/event/end").toString())
                    .isEqualTo("{\"exitCode\":-1,\"status\":\"signal: killed\",\"error\":\"signal: killed\"}");
            assertThat(client.rpc(made, "process.Process/CloseStdin", selector + "}")
                            .status())
                    .isEqualTo(404);
        }
    }

    @Test
    void killsACommandAtItsDeadlineAndKeepsAliveBefore() {
        Made made = client.create("");
        List<JsonNode> events = client.stream(
                made,
                "process.Process/Start",
                "{\"process\":{\"cmd\":\"cat\"}}",
                "Connect-Timeout-Ms",
                "3000",
                "Keepalive-Ping-Interval",
                "1");
        assertThat(events.get(1).at("/event/keepalive").isObject()).isTrue();
        assertThat(events.get(events.size() - 1).at("/error/code").asText()).isEqualTo("deadline_exceeded");
        await().until(() ->
                !client.rpc(made, "process.Process/List", "{}").json().has("processes"));
    }

    @Test
    void cutsStreamsOfASandboxThatDies() {
        Made made = client.create("");
        simulator
                .faults()
                .next("POST /process.Process/Start", SimulatorFault.of(Kind.SANDBOX_DIES, Duration.ofMillis(300)));
        assertThatThrownBy(() -> client.stream(made, "process.Process/Start", "{\"process\":{\"cmd\":\"cat\"}}"))
                .isInstanceOf(UncheckedIOException.class);
        assertThat(client.envd(made, "GET", "/health", "").status()).isEqualTo(502);
    }

    @Test
    void wantsTheTokenOfASandbox() {
        Made made = client.create("");
        Made wrong = new Made(made.id(), "wrong");
        assertThat(client.rpc(wrong, "process.Process/List", "{}").status()).isEqualTo(401);
        assertThatThrownBy(() -> client.open(wrong, "process.Process/Start", Client.start("true", "")))
                .hasMessage("HTTP 401");
        assertThat(client.envd(wrong, "GET", "/files?path=a", "").message())
                .isEqualTo("access token present in header but does not match");
        assertThat(client.envd(wrong, "GET", "/init", "").status()).isEqualTo(404);
    }

    @Test
    void movesFilesUpAndDown() {
        Made made = client.create("");
        Reply written = client.envd(
                made,
                "POST",
                "/files?path=d%2Fa.txt",
                "hello",
                "Content-Type",
                "application/octet-stream",
                "X-Metadata-Kind",
                "x");
        assertThat(written.text())
                .isEqualTo(
                        "[{\"path\":\"/home/user/d/a.txt\",\"name\":\"a.txt\",\"type\":\"file\",\"metadata\":{\"kind\":\"x\"}}]");
        Reply read = client.envd(made, "GET", "/files?path=%2Fhome%2Fuser%2Fd%2Fa.txt", "");
        assertThat(read.text()).isEqualTo("hello");
        assertThat(read.raw().headers().firstValue("Content-Length")).hasValue("5");
        assertThat(client.envd(made, "GET", "/files?path=d%2Fa.txt", "", "Range", "bytes=1-2")
                        .text())
                .isEqualTo("el");
        assertThat(client.envd(made, "GET", "/files?path=d", "").status()).isEqualTo(400);
        assertThat(client.envd(made, "GET", "/files?path=%2Fnope", "").message())
                .isEqualTo("path '/nope' does not exist");
        String disposition = "Content-Disposition: form-data; name=\"file\"; filename=";
        String form = String.join(
                "\r\n",
                "--b",
                disposition + "\"/home/user/m\"",
                "",
                "1\r\n-\r\n--c",
                "--b",
                disposition + "\"n\"",
                "",
                "",
                "--b--",
                "");
        client.envd(made, "POST", "/files", form, "Content-Type", "multipart/form-data; boundary=b");
        assertThat(client.envd(made, "GET", "/files?path=m", "").text()).isEqualTo("1\r\n-\r\n--c");
        assertThat(client.envd(made, "GET", "/files?path=n", "").text()).isEmpty();
    }

    @Test
    void takesSignedUrls() {
        Made made = client.create("");
        client.envd(made, "POST", "/files?path=a", "signed", "Content-Type", "application/octet-stream");
        String signature = encoded(Signature.of("a", "read", "", made.token(), ""));
        assertThat(client.send("GET", "/files?path=a&signature=" + signature, "")
                        .text())
                .isEqualTo("signed");
        assertThat(client.send("POST", "/files?path=a&signature=" + signature, "x")
                        .status())
                .isEqualTo(401);
        long past = clock.instant().getEpochSecond() - 1;
        String expired = encoded(Signature.of("a", "read", "", made.token(), "" + past));
        assertThat(client.send("GET", "/files?path=a&signature=" + expired + "&signature_expiration=" + past, "")
                        .message())
                .isEqualTo("signature is already expired");
        assertThat(Signature.of("/home/user/a.txt", "read", "user", "tok-isim0000000000000001", "1795248315"))
                .isEqualTo("v1_AguMZJycQY560WvZq7x6CzOIMuu0XaeSAROtf0v80aM");
        assertThat(Signature.of("/home/user/a.txt", "write", "", "tok-isim0000000000000001", ""))
                .isEqualTo("v1_CO56n4BZkScRyVEbBfyuqnZOy3Ddi3GBZvtqYks883A");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Test
    void keepsDirectories() {
        Made made = client.create("");
        String rpc = "filesystem.Filesystem/";
        assertThat(client.rpc(made, rpc + "MakeDir", "{\"path\":\"x/y\"}")
                        .json()
                        .at("/entry/type")
                        .asText())
                .isEqualTo("FILE_TYPE_DIRECTORY");
        assertThat(client.rpc(made, rpc + "MakeDir", "{\"path\":\"x/y\"}").status())
                .isEqualTo(409);
        client.envd(made, "POST", "/files?path=x%2Ff", "12345", "Content-Type", "application/octet-stream");
        JsonNode stat = client.rpc(made, rpc + "Stat", "{\"path\":\"/home/user/x/f\"}")
                .json()
                .path("entry");
        assertThat(stat.path("size").asText()).isEqualTo("5");
        assertThat(stat.path("size").isTextual()).isTrue();
        assertThat(stat.path("permissions").asText()).isEqualTo("-rw-r--r--");
        assertThat(client.rpc(made, rpc + "Move", "{\"source\":\"x/f\",\"destination\":\"z/g\"}")
                        .status())
                .isEqualTo(200);
        JsonNode list = client.rpc(made, rpc + "ListDir", "{\"path\":\"/home/user\",\"depth\":2}")
                .json();
        assertThat(list.path("entries").findValuesAsText("path"))
                .containsExactly("/home/user/x", "/home/user/x/y", "/home/user/z", "/home/user/z/g");
        assertThat(client.rpc(made, rpc + "Remove", "{\"path\":\"x\"}").text()).isEqualTo("{}");
        assertThat(client.rpc(made, rpc + "Remove", "{\"path\":\"x\"}").text()).isEqualTo("{}");
        Reply missing = client.rpc(made, rpc + "Stat", "{\"path\":\"x\"}");
        assertThat(missing.status()).isEqualTo(404);
        assertThat(missing.json().path("code").asText()).isEqualTo("not_found");
        assertThat(client.rpc(made, rpc + "ListDir", "{\"path\":\"z/g\"}")
                        .json()
                        .path("code")
                        .asText())
                .isEqualTo("invalid_argument");
    }

    @Test
    void watchesDirectories() throws Exception {
        Made made = client.create("");
        String id = client.rpc(made, "filesystem.Filesystem/CreateWatcher", "{\"path\":\"/home/user\"}")
                .json()
                .path("watcherId")
                .asText();
        try (DataInputStream events = new DataInputStream(client.open(
                made, "filesystem.Filesystem/WatchDir", "{\"path\":\"/home/user\",\"includeEntry\":true}"))) {
            assertThat(Client.frame(events).toString()).isEqualTo("{\"start\":{}}");
            client.envd(made, "POST", "/files?path=w", "1", "Content-Type", "application/octet-stream");
            JsonNode created = Client.frame(events).path("filesystem");
            assertThat(created.path("name").asText()).isEqualTo("w");
            assertThat(created.path("type").asText()).isEqualTo("EVENT_TYPE_CREATE");
            assertThat(created.at("/entry/path").asText()).isEqualTo("/home/user/w");
        }
        JsonNode drained = client.rpc(made, "filesystem.Filesystem/GetWatcherEvents", "{\"watcherId\":\"" + id + "\"}")
                .json();
        assertThat(drained.path("events").findValuesAsText("type")).contains("EVENT_TYPE_CREATE");
        assertThat(client.rpc(made, "filesystem.Filesystem/RemoveWatcher", "{\"watcherId\":\"" + id + "\"}")
                        .text())
                .isEqualTo("{}");
    }

    @Test
    void snapshotsAndForks() {
        Made made = client.create("");
        client.envd(made, "POST", "/files?path=kept", "1", "Content-Type", "application/octet-stream");
        Reply snapshot = client.api("POST", "/sandboxes/" + made.id() + "/snapshots", "{\"name\":\"s\"}");
        assertThat(snapshot.status()).isEqualTo(201);
        String id = snapshot.json().path("snapshotID").asText();
        client.create("");
        Made copy = fromTemplate(id);
        assertThat(client.envd(copy, "GET", "/files?path=kept", "").text()).isEqualTo("1");
        assertThat(client.api("GET", "/snapshots?sandboxID=" + made.id()).json())
                .hasSize(1);
        assertThat(client.api("DELETE", "/templates/" + encoded(id)).status()).isEqualTo(204);
        assertThat(client.api("DELETE", "/templates/" + encoded(id)).status()).isEqualTo(404);
        JsonNode forks = client.api("POST", "/sandboxes/" + made.id() + "/fork", "{\"count\":2}")
                .json();
        assertThat(forks.path(0).has("sandbox")).isTrue();
        assertThat(forks.path(1).at("/error/code").asInt()).isEqualTo(429);
    }

    private Made fromTemplate(String template) {
        JsonNode made = create("{\"templateID\":\"" + template + "\"}").json();
        return new Made(
                made.path("sandboxID").asText(), made.path("envdAccessToken").asText());
    }

    @Test
    void followsItsPlanOfFaults() {
        Made made = client.create(",\"timeout\":3600");
        simulator.faults().listsLagBy(Duration.ofSeconds(5));
        assertThat(ids(client.api("GET", "/v2/sandboxes"))).isEmpty();
        clock.advance(Duration.ofSeconds(6));
        assertThat(ids(client.api("GET", "/v2/sandboxes"))).containsExactly(made.id());
        client.api("DELETE", "/sandboxes/" + made.id());
        assertThat(ids(client.api("GET", "/v2/sandboxes"))).containsExactly(made.id());
        simulator.faults().heal().next("POST /v2/sandboxes", SimulatorFault.of(Kind.LOST_ANSWER));
        assertThatThrownBy(() -> client.create("")).isInstanceOf(UncheckedIOException.class);
        assertThat(ids(client.api("GET", "/v2/sandboxes"))).hasSize(1);
        simulator.faults().clockIsOffBy(Duration.ofHours(1));
        assertThat(ids(client.api("GET", "/v2/sandboxes"))).isEmpty();
    }

    @Test
    void closesOtherPorts() {
        Made made = client.create("");
        Reply closed = client.send("GET", "/x", "", "E2b-Sandbox-Id", made.id(), "E2b-Sandbox-Port", "3000");
        assertThat(closed.status()).isEqualTo(502);
        assertThat(closed.json().path("port").asInt()).isEqualTo(3000);
        assertThat(client.send("GET", "/x", "", "E2b-Sandbox-Id", made.id(), "E2b-Sandbox-Port", "x")
                        .status())
                .isEqualTo(500);
    }
}

package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Network;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.QuotaExceededException;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What E2B's control plane is asked, to the byte, and what its answers mean. */
class ControlPlaneTest {
    private static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");
    private static final SandboxId ID = SandboxId.generate(NOW.toEpochMilli());

    private static final String ONE = "team/sandkeeper-my-app_one:default";

    private final MockWebServer server = new MockWebServer();
    private E2bBackend backend;

    @BeforeEach
    void start() throws IOException {
        server.start();
        E2bBackendBuilder builder = E2bBackend.builder(Simulated.KEY)
                .apiUrl(server.url("/prefix/").toString())
                .sandboxUrl(server.url("/").toString())
                .clock(Clock.fixed(NOW, ZoneOffset.UTC));
        builder.lostCreate = Duration.ofSeconds(1);
        backend = builder.build();
    }

    @AfterEach
    void stop() {
        backend.close();
        server.close();
    }

    private void answers(int status, String body, String... headers) {
        MockResponse.Builder answer = new MockResponse.Builder().code(status).body(body);
        for (int i = 0; i < headers.length; i += 2) {
            answer.addHeader(headers[i], headers[i + 1]);
        }
        server.enqueue(answer.build());
    }

    private static ProvisionRequest request(SandboxSpec spec) {
        return new ProvisionRequest(
                "my-app", ID, NOW, NOW.plusSeconds(90), spec, Map.of("TOKEN", "of the sandbox"), text -> {});
    }

    private void assertRefused(
            int status, String body, Class<? extends SandboxException> type, String code, String... headers) {
        answers(status, body, headers);
        assertThatThrownBy(() -> backend.create(request(SandboxSpec.builder().build())))
                .isInstanceOfSatisfying(type, e -> {
                    assertThat(((SandboxException) e).code()).isEqualTo(code);
                    assertThat(((SandboxException) e).backend()).contains("e2b");
                });
    }

    private static String error(int code, String message) {
        return "{\"code\":" + code + ",\"message\":\"" + message + "\"}";
    }

    @Test
    void asksForASandboxByTheFirstVersionWithEverythingSaid() throws Exception {
        answers(400, error(400, "no"));
        SandboxSpec spec = SandboxSpec.builder()
                .image("team/template:tag")
                .network(Network.full())
                .port(8080)
                .port(90)
                .label("secret-project", "x")
                .build();
        assertThatThrownBy(() -> backend.create(request(spec))).isInstanceOf(BackendRejectedException.class);
        RecordedRequest asked = server.takeRequest();
        assertThat(asked.getRequestLine()).isEqualTo("POST /prefix/sandboxes HTTP/1.1");
        assertThat(asked.getHeaders().get("X-API-KEY")).isEqualTo(Simulated.KEY);
        JsonNode body = new ObjectMapper().readTree(asked.getBody().utf8());
        assertThat(body)
                .isEqualTo(new ObjectMapper()
                        .readTree(
                                "{\"templateID\":\"team/template:tag\",\"timeout\":90,\"secure\":true,\"autoPause\":false,"
                                        + "\"allow_internet_access\":true,\"network\":{\"allowPublicTraffic\":true},"
                                        + "\"metadata\":{\"sandkeeper-deployment\":\"my-app\",\"sandkeeper-sandbox\":\""
                                        + ID
                                        + "\",\"sandkeeper-created\":\"" + NOW.toEpochMilli()
                                        + "\",\"sandkeeper-network\":\"full\",\"sandkeeper-ports\":\"90_8080\"},"
                                        + "\"envVars\":{\"TOKEN\":\"of the sandbox\",\"HOME\":\"/workspace\"}}"));
    }

    @Test
    void closesASandboxToTheWorldUnlessItIsAskedFor() throws Exception {
        answers(400, error(400, "no"));
        assertThatThrownBy(() -> backend.create(request(SandboxSpec.builder().build())))
                .isInstanceOf(BackendRejectedException.class);
        JsonNode body =
                new ObjectMapper().readTree(server.takeRequest().getBody().utf8());
        assertThat(body.path("templateID").asText()).isEqualTo("base");
        assertThat(body.path("allow_internet_access").asBoolean(true)).isFalse();
        assertThat(body.path("network").path("allowPublicTraffic").asBoolean(true))
                .isFalse();
    }

    @Test
    void namesASnapshotByItsDeploymentAndMakesItOnce() throws Exception {
        answers(200, "[" + snapshot("team/sandkeeper-my-app_two:default") + "]", "X-Next-Token", "t");
        answers(200, "[]");
        answers(201, snapshot(ONE));
        assertThat(backend.snapshot("my-app", "i1", "one")).isEqualTo(new Snapshot("e2b", "one", ONE, null));
        assertThat(server.takeRequest().getRequestLine()).isEqualTo("GET /prefix/snapshots?limit=100 HTTP/1.1");
        assertThat(server.takeRequest().getRequestLine())
                .isEqualTo("GET /prefix/snapshots?limit=100&nextToken=t HTTP/1.1");
        RecordedRequest made = server.takeRequest();
        assertThat(made.getRequestLine()).isEqualTo("POST /prefix/sandboxes/i1/snapshots HTTP/1.1");
        assertThat(made.getBody().utf8()).isEqualTo("{\"name\":\"sandkeeper-my-app_one\"}");

        answers(200, "[" + snapshot(ONE) + "]");
        assertThatThrownBy(() -> backend.snapshot("my-app", "i1", "one"))
                .isInstanceOfSatisfying(
                        SandboxConflictException.class,
                        e -> assertThat(e.code()).isEqualTo("snapshot_exists"));
    }

    @Test
    void looksForASnapshotWhoseAnswerWasLost() {
        answers(200, "[]");
        answers(500, error(500, "oops"));
        answers(200, "[]");
        answers(200, "[" + snapshot(ONE) + "]");
        assertThat(backend.snapshot("my-app", "i1", "one").image()).isEqualTo(ONE);

        answers(200, "[]");
        answers(500, error(500, "oops"));
        for (int i = 0; i < 40; i++) {
            answers(200, "[]");
        }
        assertThatThrownBy(() -> backend.snapshot("my-app", "i1", "two"))
                .isInstanceOfSatisfying(
                        OutcomeUnknownException.class,
                        e -> assertThat(e.remedy()).isPresent());
    }

    @Test
    void listsAndDeletesNoSnapshotsButThoseOfTheDeployment() throws Exception {
        String listed = "["
                + String.join(
                        ",",
                        snapshot(ONE),
                        snapshot("team/sandkeeper-my-app-2_one:default"),
                        snapshot("team/sandkeeper-my-app_a_b:default"),
                        snapshot("k3j2:default"),
                        "{\"snapshotID\":\"x9y8:default\",\"names\":[\"team/sandkeeper-my-app_three\"]}")
                + "]";
        answers(200, listed);
        assertThat(backend.snapshots("my-app"))
                .containsExactly(
                        new Snapshot("e2b", "one", ONE, null), new Snapshot("e2b", "three", "x9y8:default", null));
        answers(200, listed);
        backend.deleteSnapshot("my-app", "k3j2:default");
        answers(200, listed);
        answers(404, error(404, "template not found"));
        backend.deleteSnapshot("my-app", ONE);
        for (int i = 0; i < 3; i++) {
            assertThat(server.takeRequest().getMethod()).isEqualTo("GET");
        }
        assertThat(server.takeRequest().getRequestLine())
                .isEqualTo("DELETE /prefix/templates/team%2Fsandkeeper-my-app_one%3Adefault HTTP/1.1");
    }

    private static String snapshot(String id) {
        return "{\"snapshotID\":\"" + id + "\",\"names\":[]}";
    }

    @Test
    void saysWhichLimitOfThePlanIsReached() {
        assertRefused(
                429,
                error(429, "you have reached the maximum number of concurrent E2B sandboxes (20)"),
                QuotaExceededException.class,
                "plan_concurrency_limit");
        assertRefused(
                400,
                error(400, "Timeout cannot be greater than 1 hours"),
                QuotaExceededException.class,
                "plan_time_limit");
        assertRefused(
                429,
                error(429, "Rate limit exceeded"),
                BackendUnavailableException.class,
                "rate_limited",
                "Retry-After",
                "99");
        assertRefused(429, "<html>slow down</html>", QuotaExceededException.class, "plan_concurrency_limit");
        answers(429, "<html>slow down</html>");
        assertThatThrownBy(() -> backend.destroy("i1"))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("rate_limited"));
    }

    @Test
    void saysWhatIsWrongWithKeyTemplateAndCapacity() {
        assertRefused(401, error(401, "Cannot get the team"), BackendRejectedException.class, "credentials_rejected");
        assertRefused(403, error(403, "blocked"), BackendRejectedException.class, "credentials_rejected");
        assertRefused(404, error(404, "template 'x' not found"), BackendRejectedException.class, "image_not_found");
        assertRefused(503, error(503, "not enough capacity"), BackendUnavailableException.class, "no_capacity");
        assertThat(server.getRequestCount()).isEqualTo(4);
    }

    @Test
    void takesNothingThatNamesNoSandboxForAGoneOne() {
        String nothing = error(404, "validation error: no matching operation was found");
        for (int i = 0; i < 3; i++) {
            answers(404, nothing);
        }
        assertThatThrownBy(() -> backend.destroy("i1")).isInstanceOf(BackendRejectedException.class);
        assertRefused(404, nothing, BackendRejectedException.class, "api_not_found");
        assertRefused(404, "404 page not found", BackendRejectedException.class, "api_not_found");
        answers(404, nothing);
        assertThatThrownBy(() -> backend.find("my-app", ID))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.remedy())
                                .hasValueSatisfying(text ->
                                        assertThat(text).contains("apiUrl").contains("E2B_API_URL")));
        answers(404, nothing);
        assertThatThrownBy(() -> backend.snapshots("my-app")).isInstanceOf(BackendRejectedException.class);
        answers(404, error(404, "template 'x' not found"));
        assertThatThrownBy(() -> backend.create(request(SandboxSpec.builder().build())))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.remedy())
                                .hasValueSatisfying(text ->
                                        assertThat(text).contains("image").contains("template(...)")));
    }

    @Test
    void looksForASandboxWhoseCreateWasLostAndGivesUpWithoutASecondOne() throws Exception {
        answers(500, error(500, "oops"));
        for (int i = 0; i < 40; i++) {
            answers(200, "[]");
        }
        assertThatThrownBy(() -> backend.create(request(SandboxSpec.builder().build())))
                .isInstanceOfSatisfying(
                        OutcomeUnknownException.class,
                        e -> assertThat(e.sandboxId()).contains(ID));
        assertThat(server.takeRequest().getMethod()).isEqualTo("POST");
        RecordedRequest look = server.takeRequest();
        assertThat(look.getMethod()).isEqualTo("GET");
        assertThat(look.getUrl().queryParameter("metadata"))
                .contains("sandkeeper-deployment=my-app")
                .contains("sandkeeper-sandbox=" + ID);
        for (int i = server.getRequestCount() - 2; i > 0; i--) {
            assertThat(server.takeRequest().getMethod()).isEqualTo("GET");
        }
    }

    @Test
    void readsAllPagesAndOnlyWhatIsOfTheDeployment() throws Exception {
        String ours =
                "{\"sandboxID\":\"i1\",\"state\":\"paused\",\"new\":1,\"metadata\":{\"sandkeeper-deployment\":\"my-app\","
                        + "\"sandkeeper-sandbox\":\"" + ID + "\",\"sandkeeper-created\":\"" + NOW.toEpochMilli()
                        + "\"}}";
        answers(200, "[" + ours + "]", "X-Next-Token", "page=2&");
        answers(
                200,
                "[" + ours.replace("i1", "i2") + "," + ours.replace("my-app", "other") + ",{\"sandboxID\":\"i3\"}]");
        assertThat(backend.listOwned("my-app").resources())
                .containsExactly(new OwnedResource("i1", ID, NOW), new OwnedResource("i2", ID, NOW));
        RecordedRequest first = server.takeRequest();
        assertThat(first.getUrl().queryParameter("state")).isEqualTo("running,paused");
        assertThat(first.getUrl().queryParameter("nextToken")).isNull();
        assertThat(server.takeRequest().getUrl().queryParameter("nextToken")).isEqualTo("page=2&");
    }

    @Test
    void tellsTheStateAndProvesNothingByAFailure() {
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"running\"}");
        assertThat(backend.state("i1")).isEqualTo(ProviderState.PRESENT);
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"paused\"}");
        assertThat(backend.state("i1")).isEqualTo(ProviderState.PAUSED);
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"hibernating\"}");
        assertThat(backend.state("i1")).isEqualTo(ProviderState.UNKNOWN);
        answers(404, error(404, "Sandbox doesn't exist"));
        assertThat(backend.state("i1")).isEqualTo(ProviderState.GONE);
        answers(401, error(401, "no"));
        assertThat(backend.state("i1")).isEqualTo(ProviderState.UNKNOWN);
    }

    @Test
    void tellsTheEndThatWasReallyGranted() throws Exception {
        answers(204, "");
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"running\",\"endAt\":\"2026-03-04T05:26:07.25Z\"}");
        assertThat(backend.extend("i1", NOW.plusSeconds(3000))).isEqualTo(NOW.plusMillis(1_200_250));
        RecordedRequest asked = server.takeRequest();
        assertThat(asked.getRequestLine()).isEqualTo("POST /prefix/sandboxes/i1/timeout HTTP/1.1");
        assertThat(asked.getBody().utf8()).isEqualTo("{\"timeout\":3000}");
        answers(404, error(404, "not running"));
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"paused\"}");
        assertThat(backend.extend("i1", NOW.plusSeconds(60))).isEqualTo(NOW.plusSeconds(60));
    }

    @Test
    void willNeverBeGrantedMoreThanThePlansLongestRunFromTheStart() {
        String started = "\"startedAt\":\"2026-03-04T03:06:07.5Z\"";
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"running\"," + started + "}");
        assertThat(backend.latestEnd("i1"))
                .contains(NOW.plus(Duration.ofHours(22)).plusMillis(500));
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"paused\"," + started + "}");
        assertThat(backend.latestEnd("i1")).isEmpty();
        answers(200, "{\"sandboxID\":\"i1\",\"state\":\"running\"}");
        assertThat(backend.latestEnd("i1")).isEmpty();
    }

    @Test
    void measuresByTheLastMetricIfThereIsAny() {
        answers(200, "[]");
        assertThat(backend.usage("i1")).isEmpty();
        answers(404, error(404, "gone"));
        assertThat(backend.usage("i1")).isEmpty();
        answers(200, "[{\"memUsed\":1},{\"memUsed\":20,\"diskUsed\":30,\"cpuUsedPct\":1.5}]");
        assertThat(backend.usage("i1")).hasValueSatisfying(usage -> {
            assertThat(usage.memoryBytes()).isEqualTo(20);
            assertThat(usage.diskBytes()).isNull();
            assertThat(usage.cpuTime()).isNull();
        });
    }

    @Test
    void refusesByNameALifeThatThePlanCannotGive() {
        assertThatThrownBy(() -> backend.validate(
                        SandboxSpec.builder().timeToLive(Duration.ofHours(25)).build()))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("timeToLive");
        assertThatThrownBy(() -> backend.validate(
                        SandboxSpec.builder().retention(Retention.PERMANENT).build()))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("retention");
        assertThatThrownBy(() -> backend.validate(
                        SandboxSpec.builder().image("not a template!").build()))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("not a template!");
    }

    @Test
    void isConfiguredByTheVariablesOfE2bsOwnTools() {
        assertThatThrownBy(() -> E2bBackendBuilder.of(Map.of()))
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageContaining("E2B_API_KEY");
        E2bBackendBuilder own =
                E2bBackendBuilder.of(Map.of("E2B_API_KEY", Simulated.KEY, "E2B_DOMAIN", "e2b.example.org"));
        assertThat(own.api().toString()).isEqualTo("https://api.e2b.example.org/");
        assertThat(own.sandboxes().of("i1", null).toString()).isEqualTo("https://49983-i1.e2b.example.org/");
        assertThat(own.sandboxes().of("i1", "e2b.app").toString()).isEqualTo("https://sandbox.e2b.app/");
        assertThat(own.sandboxes().host("i1", "", 8080)).isEqualTo("8080-i1.e2b.example.org");
        assertThat(own.toString()).doesNotContain(Simulated.KEY);
        E2bBackendBuilder elsewhere = E2bBackendBuilder.of(Map.of(
                "E2B_API_KEY", Simulated.KEY, "E2B_API_URL", "http://a.test/x", "E2B_SANDBOX_URL", "http://b.test"));
        assertThat(elsewhere.api().toString()).isEqualTo("http://a.test/x");
        assertThat(elsewhere.sandboxes().of("i1", "e2b.app").toString()).isEqualTo("http://b.test/");
        assertThatThrownBy(() -> E2bBackend.builder("e2b_1\n2")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isUnhealthyWhenTheKeyIsRefused() {
        answers(401, error(401, "the key " + Simulated.KEY + " is unknown"));
        BackendHealth health = backend.health();
        assertThat(health.usable()).isFalse();
        assertThat(health.detail()).contains("is unknown").doesNotContain(Simulated.KEY);
        answers(200, "[]");
        assertThat(backend.health().usable()).isTrue();
    }
}

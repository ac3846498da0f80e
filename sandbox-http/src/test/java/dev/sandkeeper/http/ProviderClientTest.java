package dev.sandkeeper.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxNotFoundException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked, what is repeated, and what an answer becomes. */
class ProviderClientTest {
    private static final String KEY = "key-0123456789-marked";
    private static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");

    private final MockWebServer server = new MockWebServer();
    private final ProviderClient client = ProviderClient.builder(
                    "test", f -> f.usual(f.json().path("message").asText(f.body())))
            .secretHeader("X-API-KEY", "", KEY)
            .requestIdHeader("X-Request-Id")
            .callTimeout(Duration.ofSeconds(20))
            .clock(Clock.fixed(NOW, ZoneOffset.UTC))
            .build();

    private record Thing(String name, int size, Colour colour) {}

    private enum Colour {
        RED
    }

    @BeforeEach
    void start() throws IOException {
        server.start();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private void answers(int status, String body, String... headers) {
        MockResponse.Builder answer = new MockResponse.Builder().code(status).body(body);
        for (int i = 0; i < headers.length; i += 2) {
            answer.addHeader(headers[i], headers[i + 1]);
        }
        server.enqueue(answer.build());
    }

    private HttpUrl url() {
        return server.url("/v1/things?signature=hidden");
    }

    private ProviderCall get() {
        return client.call("GET", "look at things", url()).repeatable();
    }

    private ProviderCall create() {
        return client.call("POST", "create a thing", url()).json(Map.of("name", "x"));
    }

    @Test
    void sendsJsonAndReadsJsonAndPassesOverWhatItDoesNotKnow() throws InterruptedException {
        answers(201, "{\"name\":\"x\",\"size\":null,\"colour\":\"INFRARED\",\"new\":{\"deep\":[1]}}");
        Answer answer = create().header("X-More", "yes").send();
        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.json(Thing.class)).isEqualTo(new Thing("x", 0, null));
        RecordedRequest request = server.takeRequest();
        assertThat(request.getMethod()).isEqualTo("POST");
        assertThat(request.getTarget()).isEqualTo("/v1/things?signature=hidden");
        assertThat(request.getBody().utf8()).isEqualTo("{\"name\":\"x\"}");
        assertThat(request.getHeaders().get("X-API-KEY")).isEqualTo(KEY);
        assertThat(request.getHeaders().get("X-More")).isEqualTo("yes");
        assertThat(request.getHeaders().get("Content-Type")).isEqualTo("application/json");
        assertThat(request.getHeaders().get("Accept-Encoding")).isEqualTo("identity");
    }

    @Test
    void endsASentenceOfTheProvidersOnce() {
        answers(403, "{\"message\":\"That is not yours.\"}");
        assertThatThrownBy(() -> create().send())
                .hasMessageContaining("That is not yours. ")
                .hasMessageNotContaining("..");
    }

    @Test
    void repeatsWhatIsSafeToRepeatAndNothingElse() {
        answers(500, "");
        answers(502, "");
        answers(200, "ok");
        assertThat(get().send().text()).isEqualTo("ok");
        answers(500, "{\"message\":\"oops\"}", "X-Request-Id", "req-1");
        assertThatThrownBy(() -> create().send())
                .isInstanceOf(OutcomeUnknownException.class)
                .hasMessageContaining("create a thing")
                .hasMessageContaining("oops")
                .hasMessageContaining("req-1");
        answers(503, "");
        assertThatThrownBy(() -> create().send()).isInstanceOf(BackendUnavailableException.class);
        assertThat(server.getRequestCount()).isEqualTo(5);
    }

    @Test
    void givesUpAfterThreeAttempts() {
        for (int i = 0; i < 3; i++) {
            answers(503, "");
        }
        assertThatThrownBy(() -> get().send()).isInstanceOf(BackendUnavailableException.class);
        assertThat(server.getRequestCount()).isEqualTo(3);
    }

    @Test
    void waitsAsLongAsItIsAskedToAndRepeatsWhatWasRefusedForItsRate() {
        answers(429, "", "Retry-After", "1");
        answers(201, "{}");
        long start = System.nanoTime();
        assertThat(create().send().status()).isEqualTo(201);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void waitsAsLongAsALimitAsksWhereEachHasAHeaderOfItsOwn() {
        answers(429, "", "retry-after-create", "0", "Retry-After-lifecycle", "1", "Retry-After-other", "soon");
        answers(201, "{}");
        long start = System.nanoTime();
        assertThat(create().send().status()).isEqualTo(201);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void understandsADateByTheProvidersClockOrElseByOurs() {
        answers(429, "", "Retry-After", "Sun, 06 Nov 1994 08:49:38 GMT", "Date", "Sun, 06 Nov 1994 08:49:37 GMT");
        answers(200, "");
        assertThat(get().send().status()).isEqualTo(200);
        answers(429, "", "Retry-After", "Wed, 04 Mar 2026 05:06:08 GMT");
        answers(200, "");
        assertThat(get().send().status()).isEqualTo(200);
    }

    @Test
    void doesNotWaitForALimitThatNamesNoTimeNorForLongerThanItMay() {
        answers(429, "{\"message\":\"too many sandboxes\"}");
        assertThatThrownBy(() -> get().send()).hasMessageContaining("too many sandboxes");
        answers(429, "", "Retry-After", "3600");
        assertThatThrownBy(() -> get().send())
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("rate_limited"))
                .hasMessageContaining("3600 s");
        answers(429, "", "Retry-After", "5");
        assertThatThrownBy(() -> get().within(Duration.ofSeconds(1)).send())
                .isInstanceOf(BackendUnavailableException.class);
        assertThat(server.getRequestCount()).isEqualTo(3);
    }

    @Test
    void doesNotRepeatSilentlyAfterA503ThatSaysZero() {
        answers(503, "", "Retry-After", "0");
        assertThatThrownBy(() -> create().send()).isInstanceOf(BackendUnavailableException.class);
        assertThat(server.getRequestCount()).isEqualTo(1);
    }

    @Test
    void takesTheStatusesThatACallAccepts() {
        answers(404, "none");
        assertThat(get().accept(404).send().status()).isEqualTo(404);
        answers(404, "none");
        assertThatThrownBy(() -> get().send()).isInstanceOf(SandboxNotFoundException.class);
        answers(401, "no");
        assertThatThrownBy(() -> get().send())
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.remedy()).isPresent());
    }

    @Test
    void followsNoRedirect() {
        answers(302, "", "Location", server.url("/elsewhere").toString());
        assertThatThrownBy(() -> get().send()).isInstanceOf(BackendRejectedException.class);
        assertThat(server.getRequestCount()).isEqualTo(1);
    }

    @Test
    void neverShowsAKey() {
        answers(400, "{\"message\":\"the key " + KEY + " and hidden-token are wrong\"}", "X-Request-Id", KEY);
        assertThatThrownBy(() ->
                        get().secretHeader("X-Access-Token", "hidden-token").send())
                .satisfies(e -> {
                    assertThat(e.toString()).contains("***").doesNotContain(KEY, "hidden-token");
                });
        assertThatThrownBy(
                        () -> ProviderClient.builder("test", f -> f.usual("")).secretHeader("X", "", "ke\ny-secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("y-secret");
        assertThat(client.toString() + client.secrets() + get()).doesNotContain(KEY, "hidden");
    }

    @Test
    void saysThatAnAnswerCannotBeReadWithoutShowingIt() {
        answers(200, "{\"name\":[\"private\"]}");
        assertThatThrownBy(() -> get().send().json(Thing.class))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageNotContaining("private")
                .hasNoCause();
        answers(200, "null");
        assertThatThrownBy(() -> create().send().json(Thing.class)).isInstanceOf(OutcomeUnknownException.class);
        answers(200, "x".repeat(1000));
        assertThatThrownBy(() -> get().answerAtMost(999).send()).hasMessageContaining("999");
    }

    @Test
    void leavesAFailingProviderAloneForAWhile() {
        for (int i = 0; i < 20; i++) {
            answers(500, "");
        }
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> create().send()).isInstanceOf(SandboxException.class);
        }
        assertThatThrownBy(() -> create().send())
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("provider_failing"));
        assertThat(server.getRequestCount()).isEqualTo(20);
    }

    @Test
    void doesNotTakeTheFaultsOfCallersForTheProviders() {
        for (int i = 0; i < 30; i++) {
            answers(400, "");
            assertThatThrownBy(() -> create().send()).isInstanceOf(BackendRejectedException.class);
        }
        answers(200, "fine");
        assertThat(get().send().text()).isEqualTo("fine");
    }

    @Test
    void keepsCookiesOnlyWhereItIsTold() throws InterruptedException {
        try (ProviderClient keeping =
                ProviderClient.builder("test", f -> f.usual("")).keepCookies().build()) {
            for (ProviderClient each : List.of(client, keeping)) {
                answers(200, "", "Set-Cookie", "affinity=abc; Path=/");
                answers(200, "");
                each.call("GET", "look", url()).send();
                each.call("GET", "look", url()).send();
                server.takeRequest();
                String sent = server.takeRequest().getHeaders().get("Cookie");
                assertThat(sent).isEqualTo(each == keeping ? "affinity=abc" : null);
            }
        }
    }

    @Test
    void saysThatItIsClosed() {
        client.close();
        client.close();
        assertThatThrownBy(() -> get().send())
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("backend_closed"));
    }
}

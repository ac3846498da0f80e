package dev.sandkeeper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResentTest {
    private static final String TAG = "00112233445566778899aabbccddeeff";
    private static final String EARLIER = "ffeeddccbbaa99887766554433221100";

    private final List<String> received = Collections.synchronizedList(new ArrayList<>());
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        received.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                + exchange.getRequestHeaders().getFirst("X-Token") + " " + body);
        byte[] answer = ("{\"id\":\"made-number-" + received.size() + "\"}").getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    private static SimulatorTraffic heard(String method, String target, String token, String body, String answer) {
        return new SimulatorTraffic(
                method + " /",
                method,
                target,
                Map.of(
                        "x-token",
                        List.of(token),
                        "content-type",
                        List.of("application/json"),
                        "host",
                        List.of("other")),
                body.getBytes(StandardCharsets.UTF_8),
                200,
                Map.of("content-type", List.of("application/json")),
                answer.getBytes(StandardCharsets.UTF_8),
                true);
    }

    private Resent resent(List<SimulatorTraffic> first, List<SimulatorTraffic> round) throws IOException {
        return new Resent("http://127.0.0.1:" + server.getAddress().getPort(), first, round, Resent.Step.NONE);
    }

    @Test
    void takesWhatTheProviderNamesFromItsAnswers() throws IOException {
        List<SimulatorTraffic> round = List.of(
                heard("POST", "/boxes", "key", "{}", "{\"id\":\"recorded-id\"}"),
                heard("POST", "/boxes/recorded-id/run", "of recorded-id", "{\"box\":\"recorded-id\"}", "{}"));
        try (Resent resent = resent(List.of(), round)) {
            resent.prepare(2);
            resent.run();
            resent.run();
        }
        assertThat(received)
                .containsExactly(
                        "POST /boxes key {}",
                        "POST /boxes/made-number-1/run of made-number-1 {\"box\":\"made-number-1\"}",
                        "POST /boxes key {}",
                        "POST /boxes/made-number-3/run of made-number-3 {\"box\":\"made-number-3\"}");
    }

    @Test
    void callsEachCommandByANameOfItsOwnAndTheOneBeforeByTheOneThatItHad() throws IOException {
        String packed = Base64.getEncoder()
                .encodeToString(
                        ("run " + TAG + " with much more than forty characters").getBytes(StandardCharsets.UTF_8));
        String body = "{\"drop\":\"" + EARLIER + "\",\"tag\":\"" + TAG + "\",\"stdin\":\"" + packed + "\"}";
        try (Resent resent = resent(List.of(), List.of(heard("POST", "/exec", "key", body, "{}")))) {
            resent.prepare(2);
            resent.run();
            resent.run();
        }
        List<String> tags = received.stream()
                .map(request -> request.replaceAll(".*\"tag\":\"([0-9a-f]{32})\".*", "$1"))
                .toList();
        assertThat(tags).doesNotHaveDuplicates().doesNotContain(TAG);
        assertThat(received.get(1)).contains("\"drop\":\"" + tags.get(0) + "\"");
        for (int i = 0; i < 2; i++) {
            String stdin = received.get(i).replaceAll(".*\"stdin\":\"([^\"]*)\".*", "$1");
            assertThat(new String(Base64.getDecoder().decode(stdin), StandardCharsets.UTF_8))
                    .isEqualTo("run " + tags.get(i) + " with much more than forty characters");
        }
    }

    @Test
    void keepsInAllRoundsWhatWasOpenedBefore() throws IOException {
        List<SimulatorTraffic> first =
                List.of(heard("POST", "/shells", "key", "{\"name\":\"" + TAG + "\"}", "{\"id\":\"recorded-id\"}"));
        List<SimulatorTraffic> round = List.of(heard("POST", "/shells/" + TAG + "/recorded-id", "key", "{}", "{}"));
        try (Resent resent = resent(first, round)) {
            resent.open();
            resent.prepare(2);
            resent.run();
            resent.run();
        }
        String name = received.get(0).replaceAll(".*\"name\":\"([0-9a-f]{32})\".*", "$1");
        assertThat(name).isNotEqualTo(TAG);
        assertThat(received.subList(1, 3)).containsOnly("POST /shells/" + name + "/made-number-1 key {}");
    }

    @Test
    void anotherAnswerThanTheBackendHadIsAnError() throws IOException {
        SimulatorTraffic refused =
                new SimulatorTraffic("GET /", "GET", "/gone", Map.of(), new byte[0], 404, Map.of(), new byte[0], true);
        try (Resent resent = resent(List.of(), List.of(refused))) {
            resent.prepare(1);
            assertThatThrownBy(resent::run).isInstanceOf(IOException.class).hasMessageContaining("200");
        }
    }
}

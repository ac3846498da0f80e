package dev.sandkeeper.testkit.simulator.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.testkit.LeakChecks;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket.Listener;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SimulatorServerTest {
    private final Set<Thread> before = LeakChecks.liveThreads();
    private final SimulatorFaults faults = SimulatorFaults.create();
    private final List<SimulatorTraffic> traffic = new CopyOnWriteArrayList<>();
    private final AtomicInteger done = new AtomicInteger();
    private final CountDownLatch left = new CountDownLatch(1);
    private final HttpClient client = HttpClient.newHttpClient();
    private SimulatorServer server;

    @BeforeEach
    void start() {
        Router router = new Router()
                .add(
                        "GET",
                        "/things/{thing}",
                        exchange -> exchange.answer(200, Json.object().put("thing", exchange.parameter("thing"))))
                .add("GET", "/things/special", exchange -> exchange.answer(204))
                .add("POST", "/things", exchange -> {
                    Fields fields = Fields.of(
                            exchange.bytes(), why -> new Refusal(manners().error(400, why)), "name", "size");
                    done.incrementAndGet();
                    exchange.answer(201, Json.object().put("name", fields.needText("name")));
                })
                .add("GET", "/stream", exchange -> {
                    try (AnswerStream stream = exchange.stream(Answer.empty(200))) {
                        for (int i = 0; i < 3; i++) {
                            stream.send(("message " + i + "\n").getBytes(StandardCharsets.UTF_8));
                        }
                    }
                })
                .add("GET", "/endless", exchange -> {
                    AnswerStream stream = exchange.stream(Answer.empty(200));
                    stream.open();
                    while (!stream.clientGone()) {
                        if (server.pause(Duration.ofMillis(20))) {
                            return;
                        }
                    }
                    left.countDown();
                    stream.abort();
                })
                .add(
                        "GET",
                        "/socket",
                        exchange -> exchange.upgrade(null, Map.of(), socket -> {
                            WebSocket.Message message = socket.receive(Duration.ofSeconds(10));
                            socket.sendText("got " + new String(message.bytes(), StandardCharsets.UTF_8));
                            socket.sendBinary(new byte[] {1, 2, 3});
                        }));
        server = new SimulatorServer("test", 0, manners(router), faults, traffic::add, Alteration.NONE).start();
    }

    @AfterEach
    void leavesNoThread() {
        server.close();
        LeakChecks.assertNoThreadsSince(before, Duration.ofSeconds(10));
    }

    private static Manners manners() {
        return manners(new Router());
    }

    private static Manners manners(Router router) {
        return new Manners() {
            @Override
            public Router router(Exchange exchange) {
                return router;
            }

            @Override
            public Answer error(int status, String message) {
                return Answer.json(status, Json.object().put("message", message));
            }
        };
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(server.uri() + path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(server.uri() + "/things"))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void findsRoutesByMethodAndEncodedPath() throws Exception {
        assertThat(get("/things/a%2Fb").body()).isEqualTo("{\"thing\":\"a/b\"}");
        assertThat(get("/things/special").statusCode()).isEqualTo(204);
        assertThat(get("/things/a/b").statusCode()).isEqualTo(404);
        assertThat(get("/things").statusCode()).isEqualTo(405);
        assertThat(get("/things").headers().firstValue("Allow")).hasValue("POST");
        assertThat(server.requests()).first().isEqualTo("GET /things/{thing} -> 200");
    }

    @Test
    void refusesWhatTheServiceDoesNotKnow() throws Exception {
        assertThat(post("{\"name\":\"n\"}").body()).isEqualTo("{\"name\":\"n\"}");
        assertThat(post("{\"nome\":\"n\"}").body()).contains("property \\\"nome\\\" is unsupported");
        assertThat(post("{\"name\":1}").body()).contains("must be a string");
        assertThat(post("{\"name\":\"n\",\"name\":\"m\"}").statusCode()).isEqualTo(400);
        assertThat(post("{\"name\":\"n\"} x").statusCode()).isEqualTo(400);
        assertThat(post("").statusCode()).isEqualTo(400);
    }

    @Test
    void tellsWhoListensOfWholeAndStreamedBodies() throws Exception {
        post("{\"name\":\"n\"}");
        get("/stream");
        assertThat(traffic).hasSize(2);
        assertThat(traffic.get(0).requestText()).isEqualTo("{\"name\":\"n\"}");
        assertThat(traffic.get(0).status()).isEqualTo(201);
        assertThat(traffic.get(0).answerHeader("Content-Type")).hasValue("application/json; charset=utf-8");
        assertThat(traffic.get(1).answerText()).isEqualTo("message 0\nmessage 1\nmessage 2\n");
        assertThat(traffic.get(1).complete()).isTrue();
    }

    @Test
    void losesAnAnswerAfterItHasDoneTheWork() throws Exception {
        faults.next("POST /things", SimulatorFault.of(Kind.LOST_ANSWER));
        assertThatThrownBy(() -> post("{\"name\":\"n\"}")).isInstanceOf(IOException.class);
        assertThat(done).hasValue(1);
        assertThat(post("{\"name\":\"n\"}").statusCode()).isEqualTo(201);
        assertThat(traffic.get(0).status()).isZero();
        assertThat(traffic.get(0).complete()).isFalse();
    }

    @Test
    void losesARequestBeforeAnythingIsDone() {
        faults.always(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_REQUEST));
        assertThatThrownBy(() -> post("{\"name\":\"n\"}")).isInstanceOf(IOException.class);
        assertThat(done).hasValue(0);
    }

    @Test
    void limitsTheRateWithAndWithoutATimeToWait() throws Exception {
        faults.next(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofMillis(1200)))
                .next(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED))
                .next(SimulatorFaults.ANY, SimulatorFault.serverError(503));
        assertThat(get("/things/x").headers().firstValue("Retry-After")).hasValue("2");
        HttpResponse<String> second = get("/things/x");
        assertThat(second.statusCode()).isEqualTo(429);
        assertThat(second.headers().firstValue("Retry-After")).isEmpty();
        assertThat(get("/things/x").statusCode()).isEqualTo(503);
        assertThat(done).hasValue(0);
    }

    @Test
    void cutsAnswersInTheirMiddle() throws Exception {
        faults.next(SimulatorFaults.ANY, SimulatorFault.of(Kind.CUT))
                .next(SimulatorFaults.ANY, SimulatorFault.of(Kind.CUT));
        assertThatThrownBy(() -> get("/things/x")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> get("/stream")).isInstanceOf(IOException.class);
        assertThat(traffic.get(1).answerText()).isEqualTo("message 0\nmessa");
    }

    @Test
    void stallsAndGoesOn() throws Exception {
        faults.next(SimulatorFaults.ANY, SimulatorFault.of(Kind.STALL, Duration.ofMillis(300)));
        long start = System.nanoTime();
        assertThat(get("/stream").body()).isEqualTo("message 0\nmessage 1\nmessage 2\n");
        assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(290));
    }

    @Test
    void endsAtOnceWhileItStalls() {
        faults.next(SimulatorFaults.ANY, SimulatorFault.of(Kind.SLOW, Duration.ofHours(1)));
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                HttpRequest.newBuilder(URI.create(server.uri() + "/things/x")).build(),
                HttpResponse.BodyHandlers.ofString());
        await().until(() -> faults.calls(SimulatorFaults.ANY) == 1);
        server.close();
        assertThat(answer).failsWithin(Duration.ofSeconds(10));
    }

    @Test
    void noticesThatAClientHasGone() throws Exception {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.uri().getPort())) {
            socket.getOutputStream()
                    .write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            assertThat(new String(in.readNBytes(12), StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 200");
        }
        assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void speaksWebSocket() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        CompletableFuture<Integer> closed = new CompletableFuture<>();
        java.net.http.WebSocket socket = client.newWebSocketBuilder()
                .buildAsync(
                        URI.create(server.uri().toString().replace("http", "ws") + "/socket"),
                        new Hearing(heard, closed))
                .get(10, TimeUnit.SECONDS);
        socket.sendText("hello", true).get(10, TimeUnit.SECONDS);
        assertThat(closed.get(10, TimeUnit.SECONDS)).isEqualTo(1000);
        assertThat(heard).containsExactly("got hello", "3 bytes");
        assertThat(get("/socket").statusCode()).isEqualTo(400);
    }

    private record Hearing(List<String> heard, CompletableFuture<Integer> closed) implements Listener {
        @Override
        public CompletionStage<?> onText(java.net.http.WebSocket socket, CharSequence data, boolean last) {
            heard.add(data.toString());
            return Listener.super.onText(socket, data, last);
        }

        @Override
        public CompletionStage<?> onBinary(java.net.http.WebSocket socket, java.nio.ByteBuffer data, boolean last) {
            heard.add(data.remaining() + " bytes");
            return Listener.super.onBinary(socket, data, last);
        }

        @Override
        public CompletionStage<?> onClose(java.net.http.WebSocket socket, int code, String reason) {
            closed.complete(code);
            return null;
        }
    }
}

package dev.sandkeeper.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that stall and connections that are cut: nothing hangs, and nothing is done twice. */
@Timeout(60)
class StallTest {
    private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration SLACK = Duration.ofSeconds(2);

    private final Set<Thread> before = Set.copyOf(Thread.getAllStackTraces().keySet());
    private final ProviderClient client = ProviderClient.builder("test", f -> f.usual(f.body()))
            .connectTimeout(Duration.ofSeconds(1))
            .callTimeout(Duration.ofSeconds(20))
            .calls(2)
            .streams(2)
            .attempts(1)
            .build();

    @AfterEach
    void leavesNoThread() {
        client.close();
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread))
                .noneMatch(thread -> thread.getName().startsWith("sandkeeper-")));
    }

    private static Duration time(ThrowingCallable call, Class<? extends SandboxException> expected, String code) {
        long start = System.nanoTime();
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        expected, e -> assertThat(((SandboxException) e).code()).isEqualTo(code));
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private ProviderCall get(RawServer server) {
        return client.call("GET", "look", server.url()).repeatable();
    }

    private ProviderCall post(RawServer server) {
        return client.call("POST", "create", server.url());
    }

    @Test
    void endsByTheDeadlineWhateverStalls() throws Exception {
        for (String start : List.of("", "HTTP/1.1 200 OK\r\nContent-", HEAD, HEAD + "12345")) {
            try (RawServer server = new RawServer(RawServer.stallsAfter(start))) {
                assertThat(time(
                                () -> get(server).within(SHORT).send(),
                                BackendUnavailableException.class,
                                "provider_timeout"))
                        .isBetween(SHORT, SHORT.plus(SLACK));
                time(() -> post(server).within(SHORT).send(), OutcomeUnknownException.class, "outcome_unknown");
                assertThat(server.requests()).isEqualTo(2);
            }
        }
    }

    @Test
    void endsByTheDeadlineOfTheHeadThoughItTrickles() throws Exception {
        RawServer.Answer trickles = (out, closing) -> {
            String head = "HTTP/1.1 200 OK\r\nX-Long: " + "x".repeat(1000);
            for (byte b : head.getBytes(StandardCharsets.US_ASCII)) {
                out.write(b);
                out.flush();
                if (closing.await(10, TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        };
        try (RawServer server = new RawServer(trickles)) {
            // connecting may take its own time before
            assertThat(time(
                            () -> get(server).headWithin(SHORT).open(),
                            BackendUnavailableException.class,
                            "provider_timeout"))
                    .isLessThan(SHORT.plusSeconds(1).plus(SLACK));
        }
    }

    @Test
    void endsAStreamThatIsSilent() throws Exception {
        try (RawServer server = new RawServer(RawServer.stallsAfter(HEAD + "1"));
                AnswerStream stream = get(server).silence(SHORT).openLong()) {
            assertThat(stream.body().read()).isEqualTo('1');
            long start = System.nanoTime();
            assertThatThrownBy(() -> stream.body().read()).isInstanceOfSatisfying(IOException.class, e -> {
                assertThat(stream.lost(e)).isInstanceOf(BackendUnavailableException.class);
                assertThat(stream.lost(e).code()).isEqualTo("provider_timeout");
            });
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT.dividedBy(2), SHORT.plus(SLACK));
        }
    }

    @Test
    void tellsALostAnswerFromARequestThatNeverLeft() throws Exception {
        for (String start : List.of("", "HTTP/1.1 200 OK\r\n", HEAD + "123")) {
            try (RawServer server = new RawServer(RawServer.cutsAfter(start))) {
                time(() -> post(server).send(), OutcomeUnknownException.class, "outcome_unknown");
                time(() -> get(server).send(), BackendUnavailableException.class, "connection_lost");
            }
        }
        int port;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        HttpUrl nobody = HttpUrl.get("http://127.0.0.1:" + port + "/");
        time(
                () -> client.call("POST", "create", nobody).send(),
                BackendUnavailableException.class,
                "provider_unreachable");
        HttpUrl unknown = HttpUrl.get("http://no-such-host.invalid/");
        time(
                () -> client.call("POST", "create", unknown).send(),
                BackendUnavailableException.class,
                "provider_unreachable");
    }

    @Test
    void repeatsWhatWasCutWhereThatIsSafe() throws Exception {
        try (RawServer server = new RawServer(RawServer.cutsAfter(""));
                ProviderClient persistent = ProviderClient.builder("test", f -> f.usual(""))
                        .attempts(3)
                        .build()) {
            assertThatThrownBy(() -> persistent
                            .call("GET", "look", server.url())
                            .repeatable()
                            .send())
                    .isInstanceOf(BackendUnavailableException.class);
            assertThat(server.requests()).isEqualTo(3);
            assertThatThrownBy(() ->
                            persistent.call("POST", "create", server.url()).send())
                    .isInstanceOf(OutcomeUnknownException.class);
            assertThat(server.requests()).isEqualTo(4);
        }
    }

    @Test
    void answersAnInterruptWhereverItWaits() throws Exception {
        for (String start : List.of("", "HTTP/1.1 200 OK\r\nContent-", HEAD + "12345")) {
            try (RawServer server = new RawServer(RawServer.stallsAfter(start))) {
                assertInterrupted(() -> get(server).send(), () -> server.requests() == 1);
            }
        }
        try (RawServer server = new RawServer(RawServer.stallsAfter(HEAD));
                AnswerStream one = get(server).open();
                AnswerStream two = get(server).open()) {
            assertThat(one.status() + two.status()).isEqualTo(400);
            assertInterrupted(() -> get(server).send(), () -> true); // both places are taken
        }
        try (RawServer server = new RawServer(RawServer.cutsAfter(HEAD + "1234567890"))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> get(server).send()).isInstanceOf(SandboxInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private static void assertInterrupted(ThrowingCallable call, java.util.concurrent.Callable<Boolean> waits) {
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                assertThatThrownBy(call).isInstanceOf(SandboxInterruptedException.class);
                flag.complete(Thread.currentThread().isInterrupted());
            } catch (Throwable e) {
                flag.completeExceptionally(e);
            }
        });
        thread.start();
        await().until(waits);
        await().pollDelay(Duration.ofMillis(50)).until(() -> true);
        thread.interrupt();
        assertThat(flag.orTimeout(10, TimeUnit.SECONDS).join()).isTrue();
    }

    @Test
    void saysThatAStreamWasInterrupted() throws Exception {
        try (RawServer server = new RawServer(RawServer.stallsAfter(HEAD));
                AnswerStream stream = get(server).openLong()) {
            assertInterrupted(
                    () -> {
                        try {
                            stream.body().read();
                        } catch (IOException e) {
                            throw stream.lost(e);
                        }
                    },
                    () -> true);
        }
    }

    @Test
    void streamsTakeNoPlaceFromCallsAndBothAreBounded() throws Exception {
        RawServer.Answer answer = RawServer.stallsAfter(HEAD);
        try (RawServer server = new RawServer(answer)) {
            List<AnswerStream> open = new ArrayList<>();
            open.add(get(server).openLong());
            open.add(get(server).openLong());
            time(() -> get(server).within(SHORT).openLong(), BackendUnavailableException.class, "too_many_calls");
            open.add(get(server).open());
            open.add(get(server).open());
            time(() -> get(server).within(SHORT).open(), BackendUnavailableException.class, "too_many_calls");
            open.forEach(AnswerStream::close);
            open.forEach(AnswerStream::close);
            get(server).openLong().close();
            get(server).open().close();
        }
    }

    @Test
    void closesWhatIsOpenWithTheClient() throws Exception {
        try (RawServer server = new RawServer(RawServer.stallsAfter(HEAD))) {
            AnswerStream stream = get(server).openLong();
            CompletableFuture<SandboxException> lost = CompletableFuture.supplyAsync(() -> {
                try (InputStream body = stream.body()) {
                    body.read();
                    throw new AssertionError("something was read");
                } catch (IOException e) {
                    return stream.lost(e);
                }
            });
            client.close();
            assertThat(lost.orTimeout(10, TimeUnit.SECONDS).join().code()).isEqualTo("backend_closed");
        }
    }

    @Test
    void watchesTheHeadOfAnAnswerOnlyOnceTheBodyIsSent() throws Exception {
        RequestBody slow = new RequestBody() {
            @Override
            public MediaType contentType() {
                return MediaType.get("application/octet-stream");
            }

            @Override
            public boolean isOneShot() {
                return true;
            }

            @Override
            public void writeTo(BufferedSink sink) throws IOException {
                for (int i = 0; i < 8; i++) {
                    sink.writeUtf8("x").flush();
                    await().pollDelay(Duration.ofMillis(200)).until(() -> true);
                }
            }
        };
        RawServer.Answer late = (out, closing) -> {
            closing.await(1700, TimeUnit.MILLISECONDS);
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        };
        try (RawServer server = new RawServer(late)) {
            assertThat(post(server).body(slow).headWithin(SHORT).send().status())
                    .isEqualTo(200);
        }
    }
}

package dev.sandkeeper.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** WebSockets that their owner reads when he has time. */
@Timeout(60)
class ProviderSocketTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final MockWebServer server = new MockWebServer();
    private final ProviderClient client = ProviderClient.builder("test", f -> f.usual(f.body()))
            .streams(1)
            .attempts(1)
            .build();

    @BeforeEach
    void start() throws IOException {
        server.start();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private void upgrades(WebSocketListener listener) {
        server.enqueue(new MockResponse.Builder().webSocketUpgrade(listener).build());
    }

    private ProviderCall call() {
        return client.call("GET", "follow the log", server.url("/log"));
    }

    @Test
    void carriesTextAndBytesBothWaysAndTellsHowItEnded() throws Exception {
        upgrades(new WebSocketListener() {
            @Override
            public void onMessage(WebSocket socket, String text) {
                socket.send("echo " + text);
            }

            @Override
            public void onMessage(WebSocket socket, ByteString bytes) {
                socket.send(bytes);
                socket.close(4001, "that was all");
            }

            @Override
            public void onClosing(WebSocket socket, int code, String reason) {
                socket.close(1000, null);
            }
        });
        try (ProviderSocket socket = call().socket()) {
            socket.send("hello", LONG);
            assertThat(socket.receive(LONG))
                    .isEqualTo(new ProviderSocket.Message(ByteString.encodeUtf8("echo hello"), true));
            assertThat(socket.receive(Duration.ofMillis(50))).isNull();
            assertThat(socket.ended()).isFalse();
            socket.send(ByteString.of((byte) 0, (byte) 255), LONG);
            assertThat(socket.receive(LONG))
                    .isEqualTo(new ProviderSocket.Message(ByteString.of((byte) 0, (byte) 255), false));
            assertThat(socket.receive(LONG)).isNull();
            assertThat(socket.ended()).isTrue();
            assertThat(socket.closeCode()).isEqualTo(4001);
            assertThat(socket.closeReason()).isEqualTo("that was all");
            assertThatThrownBy(() -> socket.send("more", LONG)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void mapsARefusedUpgradeAsAnyOtherAnswer() {
        server.enqueue(new MockResponse.Builder().code(401).body("no such key").build());
        assertThatThrownBy(() -> call().socket())
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageContaining("no such key");
        server.enqueue(new MockResponse.Builder().code(200).body("plain").build());
        assertThatThrownBy(() -> call().socket()).isInstanceOf(RuntimeException.class);
    }

    @Test
    void holdsTheOtherSideBackWhileNobodyReads() throws Exception {
        AtomicInteger sent = new AtomicInteger();
        ByteString part = ByteString.of(new byte[64 * 1024]);
        int parts = 400;
        upgrades(new WebSocketListener() {
            @Override
            public void onOpen(WebSocket socket, okhttp3.Response response) {
                new Thread(() -> {
                            while (sent.get() < parts) {
                                if (socket.queueSize() > 1 << 20) {
                                    Thread.onSpinWait();
                                } else if (socket.send(part)) {
                                    sent.incrementAndGet();
                                } else {
                                    return;
                                }
                            }
                            socket.close(1000, null);
                        })
                        .start();
            }
        });
        try (ProviderSocket socket = call().socket()) {
            await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
            assertThat(sent.get()).isLessThan(parts);
            int received = 0;
            while (socket.receive(LONG) != null) {
                received++;
            }
            assertThat(received).isEqualTo(parts);
            assertThat(socket.ended()).isTrue();
        }
    }

    @Test
    void tellsALostConnectionFromAnEndAfterWhatHadCome() throws Exception {
        upgrades(new WebSocketListener() {
            @Override
            public void onOpen(WebSocket socket, okhttp3.Response response) {
                socket.send("first");
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                socket.cancel();
            }
        });
        try (ProviderSocket socket = call().socket()) {
            assertThat(socket.receive(LONG)).isNotNull();
            socket.send("go", LONG);
            assertThatThrownBy(() -> socket.receive(LONG)).isInstanceOf(BackendUnavailableException.class);
            assertThat(socket.closeCode()).isEqualTo(-1);
        }
    }

    @Test
    void givesItsPlaceBackWhenItIsClosed() throws Exception {
        for (int i = 0; i < 3; i++) {
            upgrades(new WebSocketListener() {});
            try (ProviderSocket socket = call().within(Duration.ofSeconds(5)).socket()) {
                assertThat(socket.ended()).isFalse();
            }
        }
    }
}

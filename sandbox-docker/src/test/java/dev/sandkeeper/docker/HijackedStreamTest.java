package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Our own transport against an engine that lies, stalls and cuts. */
@Timeout(30)
class HijackedStreamTest {
    private static final String UPGRADED = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

    @TempDir
    Path directory;

    private final List<CompletableFuture<Void>> serving = new ArrayList<>();
    private Path socket;
    private ServerSocketChannel server;

    @BeforeEach
    void listen() throws IOException {
        socket = directory.resolve("engine.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void stop() throws IOException {
        try {
            CompletableFuture.allOf(serving.toArray(CompletableFuture[]::new)).join();
        } finally {
            server.close();
        }
    }

    private interface Script {
        void play(SocketChannel client) throws IOException;
    }

    private void serve(Script script) {
        serving.add(CompletableFuture.runAsync(() -> {
            try (SocketChannel client = server.accept()) {
                readHead(client);
                script.play(client);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }));
    }

    private static void readHead(SocketChannel client) throws IOException {
        StringBuilder head = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (head.indexOf("\r\n\r\n{}") < 0) {
            one.clear();
            if (client.read(one) < 0) {
                return;
            }
            head.append((char) one.get(0));
        }
    }

    private static void send(SocketChannel client, byte[]... parts) throws IOException {
        for (byte[] part : parts) {
            ByteBuffer buffer = ByteBuffer.wrap(part);
            while (buffer.hasRemaining()) {
                client.write(buffer);
            }
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] head(int type, int length) {
        return ByteBuffer.allocate(8)
                .put((byte) type)
                .put(new byte[3])
                .putInt(length)
                .array();
    }

    private HijackedStream open(Duration time) throws IOException, InterruptedException {
        return new EngineHttp(EngineAddress.unix(socket), null).hijack("/exec/1/start", "{}", time);
    }

    private HijackedStream open() throws IOException, InterruptedException {
        return open(Duration.ofSeconds(10));
    }

    private static Deadline soon() {
        return Deadline.in(Duration.ofSeconds(10));
    }

    private static byte[] drain(HijackedStream stream) throws IOException, InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (stream.next(soon()) != OutputParts.Part.END) {
            bytes.write(stream.buffer(), stream.start(), stream.length());
        }
        return bytes.toByteArray();
    }

    @Test
    void keepsFramesOf1024BytesApart() throws Exception {
        serve(client -> {
            send(client, text(UPGRADED));
            for (int i = 0; i < 150; i++) {
                byte[] payload = new byte[1024];
                Arrays.fill(payload, (byte) i);
                send(client, head(1, 1024), payload);
            }
        });
        try (HijackedStream stream = open()) {
            byte[] all = drain(stream);
            assertThat(all).hasSize(150 * 1024);
            for (int i = 0; i < all.length; i++) {
                assertThat(all[i]).isEqualTo((byte) (i / 1024));
            }
        }
    }

    @Test
    void takesFramesThatComeByteByByteAndTogetherWithTheHead() throws Exception {
        serve(client -> {
            send(client, text(UPGRADED + "\001\000\000\000\000\000\000\002hi"));
            for (byte b : text("\002\000\000\000\000\000\000\003err")) {
                send(client, new byte[] {b});
            }
        });
        try (HijackedStream stream = open()) {
            assertThat(stream.next(soon())).isEqualTo(OutputParts.Part.STDOUT);
            assertThat(stream.length()).isEqualTo(2);
            // to the end: the engine of this test must not find the connection closed while it writes
            ByteArrayOutputStream errors = new ByteArrayOutputStream();
            for (OutputParts.Part part = stream.next(soon());
                    part != OutputParts.Part.END;
                    part = stream.next(soon())) {
                assertThat(part).isEqualTo(OutputParts.Part.STDERR);
                errors.write(stream.buffer(), stream.start(), stream.length());
            }
            assertThat(errors.toByteArray()).isEqualTo(text("err"));
        }
    }

    @Test
    void takesATerminalsBytesAsTheyAre() throws Exception {
        serve(client -> {
            send(client, text(UPGRADED + "\003\000\177"));
            for (byte b : text("\001\000\000\000\000\000\000\001x")) {
                send(client, new byte[] {b});
            }
        });
        try (HijackedStream stream = open()) {
            stream.unframed();
            assertThat(drain(stream)).isEqualTo(text("\003\000\177\001\000\000\000\000\000\000\001x"));
        }
    }

    @Test
    void neverTakesACutStreamForAnEnd() throws Exception {
        for (byte[] cut :
                new byte[][] {Arrays.copyOf(head(1, 100), 5), head(1, 100), text("\001\0\0\0\0\0\0\005abc")}) {
            serve(client -> send(client, text(UPGRADED), cut));
            try (HijackedStream stream = open()) {
                assertThatThrownBy(() -> drain(stream)).isInstanceOf(EOFException.class);
            }
        }
    }

    @Test
    void refusesFramesThatAreNone() throws Exception {
        for (byte[] odd :
                new byte[][] {head(3, 1), head(255, 1), text("HTTP/1.1 500"), text("\001\001\0\0\0\0\0\001x")}) {
            serve(client -> send(client, text(UPGRADED), odd));
            try (HijackedStream stream = open()) {
                assertThatThrownBy(() -> drain(stream))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("malformed");
            }
        }
    }

    @Test
    void reservesNothingForAFrameThatClaimsFourGigabytes() throws Exception {
        serve(client -> send(client, text(UPGRADED), head(1, -1), text("little")));
        try (HijackedStream stream = open()) {
            assertThatThrownBy(() -> drain(stream))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("4294967289");
        }
    }

    @Test
    void keepsTheEnginesOwnWords() {
        String body = "{\"message\":\"Container 7 is paused\"}";
        serve(client -> send(
                client,
                text("HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                        + "\r\n\r\n" + body)));
        assertThatThrownBy(this::open).isInstanceOfSatisfying(EngineRefusedException.class, e -> {
            assertThat(e.status()).isEqualTo(409);
            assertThat(e.engineMessage()).isEqualTo("Container 7 is paused");
        });
        serve(client -> send(
                client,
                text("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"),
                text(String.join("\r\n", "c", "{\"message\":\"", "6", "broken", "2", "\"}", "0", "", ""))));
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(
                        EngineRefusedException.class,
                        e -> assertThat(e.engineMessage()).isEqualTo("broken"));
    }

    @Test
    void refusesWhatDoesNotSpeakHttp() {
        serve(client -> send(client, text("SSH-2.0-OpenSSH_9.2\r\n\r\n")));
        assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("HTTP");
    }

    @Test
    void givesUpOnAnEngineThatDoesNotAnswer() throws Exception {
        CompletableFuture<Void> release = new CompletableFuture<>();
        serve(client -> release.join());
        assertThatThrownBy(() -> open(Duration.ofMillis(200))).isInstanceOf(IOException.class);
        release.complete(null);
    }

    @Test
    void endsInputAndStillReadsOutput() throws Exception {
        serve(client -> {
            send(client, text(UPGRADED));
            ByteArrayOutputStream input = new ByteArrayOutputStream();
            ByteBuffer buffer = ByteBuffer.allocate(100);
            while (client.read(buffer.clear()) >= 0) {
                input.write(buffer.array(), 0, buffer.position());
            }
            send(client, head(1, input.size()), input.toByteArray());
        });
        try (HijackedStream stream = open()) {
            stream.write(text("echo me"), 0, 7, soon());
            stream.shutdownOutput();
            assertThat(drain(stream)).isEqualTo(text("echo me"));
        }
    }

    @Test
    void survivesAnInterruptOfItsReader() throws Exception {
        CompletableFuture<Void> release = new CompletableFuture<>();
        serve(client -> {
            send(client, text(UPGRADED));
            release.join();
            send(client, head(1, 2), text("ok"));
        });
        try (HijackedStream stream = open()) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> stream.next(soon())).isInstanceOf(InterruptedException.class);
            release.complete(null);
            assertThat(drain(stream)).isEqualTo(text("ok"));
        }
    }

    @Test
    void wakesAReaderWhenItIsClosed() throws Exception {
        CompletableFuture<Void> release = new CompletableFuture<>();
        serve(client -> {
            send(client, text(UPGRADED));
            release.join();
        });
        HijackedStream stream = open();
        CompletableFuture<Throwable> reading = CompletableFuture.supplyAsync(() -> {
            try {
                stream.next(Deadline.never());
                return null;
            } catch (IOException | InterruptedException e) {
                return e;
            }
        });
        stream.close();
        assertThat(reading.join()).isInstanceOf(IOException.class);
        release.complete(null);
    }
}

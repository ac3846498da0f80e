package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.HttpUrl;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The daemon's streams, frame by frame, however they are cut. */
class ConnectStreamTest {
    private static final String START = "{\"event\":{\"start\":{\"pid\":504}}}";
    private static final Wire.Sandbox SANDBOX =
            new Wire.Sandbox("i1", "base", null, "0.6.13", "token-of-the-sandbox", "running", null, null, null);

    private final MockWebServer server = new MockWebServer();
    private final ProviderClient client = ProviderClient.builder("e2b", new ControlErrors())
            .secretHeader(E2bBackend.KEY_HEADER, "", Simulated.KEY)
            .build();
    private Envd envd;

    @BeforeEach
    void start() throws IOException {
        server.start();
        HttpUrl url = server.url("/");
        envd = new Envd(client, new Api(client, url), new EnvdAddress("e2b.app", url), "i1", SANDBOX);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private static Buffer frames(String... messages) {
        Buffer buffer = new Buffer();
        for (String message : messages) {
            frame(buffer, 0, message);
        }
        return buffer;
    }

    private static Buffer frame(Buffer buffer, int flags, String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        return buffer.writeByte(flags).writeInt(bytes.length).write(bytes);
    }

    private ProcessStream started(Buffer answer, int chunk) {
        server.enqueue(new MockResponse.Builder()
                .addHeader("Content-Type", "application/connect+json")
                .chunkedBody(answer, chunk)
                .build());
        return envd.start(new Envd.Start(List.of("sh", "-c", "true"), Map.of("A", "b"), null, true, null));
    }

    private static String data(String stream, String text) {
        String base64 = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        return "{\"event\": {\"data\":{\"" + stream + "\": \"" + base64 + "\"}}}";
    }

    private static String end(String fields) {
        return "{\"event\":{\"end\":{" + fields + "}}}";
    }

    @Test
    void readsWhatComesAtAnyByte() throws Exception {
        for (int chunk : new int[] {1, 3, 7, 4096}) {
            Buffer answer = frames(
                    START,
                    "{\"event\":{\"keepalive\":{}}}",
                    data("stdout", "out"),
                    "{\"event\":{\"news\":{\"x\":1}}}",
                    data("stderr", "err"),
                    end("\"exitCode\":3,\"exited\":true,\"status\":\"exit status 3\",\"error\":\"exit status 3\""));
            try (ProcessStream stream = started(frame(answer, 2, "{}"), chunk)) {
                assertThat(stream.pid()).isEqualTo(504);
                StringBuilder said = new StringBuilder();
                for (Part part = stream.next(Deadline.never());
                        part != Part.END;
                        part = stream.next(Deadline.never())) {
                    if (part != Part.NOTHING) {
                        said.append(part).append(new String(stream.buffer(), StandardCharsets.UTF_8));
                    }
                }
                assertThat(said.toString()).isEqualTo("STDOUToutSTDERRerr");
                assertThat(Objects.requireNonNull(stream.end()).code()).isEqualTo(3);
            }
        }
    }

    @Test
    void asksAsTheProtocolWantsItAndNotWithTheKeyOfTheTeam() throws Exception {
        started(frame(frames(START), 2, "{}"), 100).close();
        RecordedRequest asked = server.takeRequest();
        assertThat(asked.getRequestLine()).isEqualTo("POST /process.Process/Start HTTP/1.1");
        assertThat(asked.getHeaders().get("Content-Type")).isEqualTo("application/connect+json");
        assertThat(asked.getHeaders().get("Connect-Protocol-Version")).isEqualTo("1");
        assertThat(asked.getHeaders().get("Connect-Timeout-Ms")).isNull();
        assertThat(asked.getHeaders().get("E2b-Sandbox-Id")).isEqualTo("i1");
        assertThat(asked.getHeaders().get("E2b-Sandbox-Port")).isEqualTo("49983");
        assertThat(asked.getHeaders().get("X-Access-Token")).isEqualTo("token-of-the-sandbox");
        assertThat(asked.getHeaders().get(E2bBackend.KEY_HEADER)).isNull();
        Buffer body = new Buffer().write(asked.getBody());
        assertThat(body.readByte()).isZero();
        assertThat(body.readInt()).isEqualTo((int) body.size());
        assertThat(body.readUtf8())
                .isEqualTo(
                        "{\"process\":{\"cmd\":\"sh\",\"args\":[\"-c\",\"true\"],\"envs\":{\"A\":\"b\"},\"cwd\":\"/\"},"
                                + "\"stdin\":true}");
    }

    @Test
    void tellsSignalsAndZeroesThatAreLeftOut() throws Exception {
        Map<String, Integer> codes = Map.of(
                "\"exited\":true,\"status\":\"exit status 0\"",
                0,
                "\"exitCode\":-1,\"status\":\"signal: killed\",\"error\":\"signal: killed\"",
                137,
                "\"exitCode\":-1,\"status\":\"signal: terminated\"",
                143,
                "\"exitCode\":-1,\"status\":\"signal: segmentation fault (core dumped)\"",
                139);
        for (Map.Entry<String, Integer> each : codes.entrySet()) {
            try (ProcessStream stream = started(frame(frames(START, end(each.getKey())), 2, "{}"), 100)) {
                while (stream.next(Deadline.never()) != Part.END) {}
                assertThat(Objects.requireNonNull(stream.end()).code()).isEqualTo(each.getValue());
            }
        }
    }

    @Test
    void neverTakesACutStreamForAnEnd() throws Exception {
        for (Buffer answer : List.of(
                frames(START), frames(START, data("stdout", "x")), frames(START).writeByte(0))) {
            try (ProcessStream stream = started(answer, 100)) {
                assertThatThrownBy(() -> {
                            while (stream.next(Deadline.never()) != Part.END) {}
                        })
                        .isInstanceOf(IOException.class);
                assertThat(stream.end()).isNull();
            }
        }
    }

    @Test
    void understandsErrorsThatComeWithStatus200() {
        assertThatThrownBy(() -> started(
                        frame(
                                new Buffer(),
                                2,
                                "{\"error\":{\"code\":\"unauthenticated\",\"message\":\"invalid username: 'x'\"}}"),
                        100))
                .isInstanceOf(CommandNotStartableException.class)
                .hasMessageContaining("invalid username");
        assertThatThrownBy(() -> started(
                        frame(new Buffer(), 2, "{\"error\":{\"code\":\"unavailable\",\"message\":\"busy\"}}"), 100))
                .isInstanceOf(BackendUnavailableException.class);
        assertThatThrownBy(() -> started(frames(data("stdout", "before the start")), 100))
                .isInstanceOf(SandboxException.class);
    }

    @Test
    void refusesAMessageThatIsTooLongToBeOne() throws Exception {
        Buffer answer = frames(START).writeByte(0).writeInt(Integer.MAX_VALUE);
        try (ProcessStream stream = started(answer, 100)) {
            assertThatThrownBy(() -> stream.next(Deadline.never()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("2147483647");
        }
    }
}

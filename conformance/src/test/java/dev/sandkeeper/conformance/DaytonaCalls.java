package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A plain client of the simulator, which knows nothing but HTTP. */
final class DaytonaCalls {
    static final String VERSION = "X-Daytona-SDK-Version";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final DaytonaSimulator simulator;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Map<String, String> headers = new LinkedHashMap<>();

    DaytonaCalls(DaytonaSimulator simulator) {
        this.simulator = simulator;
        headers.put("Authorization", "Bearer " + DaytonaSimulator.DEFAULT_KEY);
    }

    /** An answer. */
    record Reply(HttpResponse<byte[]> response) {
        int status() {
            return response.statusCode();
        }

        byte[] body() {
            return response.body();
        }

        String text() {
            return new String(body(), StandardCharsets.UTF_8);
        }

        JsonNode json() {
            try {
                return JSON.readTree(body());
            } catch (IOException e) {
                throw new AssertionError("no JSON: " + text(), e);
            }
        }

        String at(String name) {
            return json().path(name).asText();
        }

        String message() {
            return at("message");
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        Reply is(int wanted) {
            assertThat(status()).as("status of %s", text()).isEqualTo(wanted);
            return this;
        }
    }

    /** The same client with another header, or without it if the value is empty. */
    DaytonaCalls with(String name, String value) {
        DaytonaCalls other = new DaytonaCalls(simulator);
        other.headers.putAll(headers);
        if (value.isEmpty()) {
            other.headers.remove(name);
        } else {
            other.headers.put(name, value);
        }
        return other;
    }

    Reply get(String path) {
        return send("GET", path, BodyPublishers.noBody(), null);
    }

    Reply delete(String path) {
        return send("DELETE", path, BodyPublishers.noBody(), null);
    }

    /** As SDKs send a request without a body. */
    Reply post(String path) {
        return send("POST", path, BodyPublishers.noBody(), "application/x-www-form-urlencoded");
    }

    Reply post(String path, String json) {
        return send("POST", path, BodyPublishers.ofString(json.replace('\'', '"')), "application/json");
    }

    Reply postRaw(String path, String json) {
        return send("POST", path, BodyPublishers.ofString(json), "application/json");
    }

    Reply put(String path, String json) {
        return send("PUT", path, BodyPublishers.ofString(json.replace('\'', '"')), "application/json");
    }

    Reply send(String method, String path, BodyPublisher body, String type) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri(path)).timeout(PATIENCE).method(method, body);
        headers.forEach(request::header);
        if (type != null) {
            request.header("Content-Type", type);
        }
        try {
            HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
            return new Reply(response);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Control-plane paths begin with {@code /sandbox} and the like, those of toolboxes with {@code /toolbox}. */
    private URI uri(String path) {
        return URI.create(path.startsWith("/toolbox/") ? simulator.uri() + path : simulator.apiUrl() + path);
    }

    static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** A started sandbox. */
    String sandbox() {
        Reply created = post("/sandbox", "{}").is(200);
        assertThat(get("/sandbox/" + created.at("id")).at("state")).isEqualTo("started");
        return created.at("id");
    }

    /** What came through a WebSocket. */
    static final class Heard implements WebSocket.Listener {
        final Queue<String> texts = new ConcurrentLinkedQueue<>();
        final Queue<byte[]> frames = new ConcurrentLinkedQueue<>();
        final CompletableFuture<String> closed = new CompletableFuture<>();
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream frame = new ByteArrayOutputStream();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                texts.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            synchronized (frame) {
                frame.writeBytes(bytes);
                if (last) {
                    frames.add(frame.toByteArray());
                    frame.reset();
                }
            }
            socket.request(1);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed.complete(code + " " + reason);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            closed.completeExceptionally(error);
        }

        byte[] bytes() {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            frames.forEach(all::writeBytes);
            return all.toByteArray();
        }

        String all() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        /** Code and reason. */
        String end() {
            try {
                return closed.get(30, TimeUnit.SECONDS);
            } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
                throw new AssertionError("no close frame", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }

    WebSocket socket(String path, Heard heard, String... subprotocols) {
        WebSocket.Builder builder = http.newWebSocketBuilder();
        headers.forEach(builder::header);
        if (subprotocols.length > 0) {
            builder.subprotocols(subprotocols[0], java.util.Arrays.copyOfRange(subprotocols, 1, subprotocols.length));
        }
        URI address = URI.create(uri(path).toString().replace("http://", "ws://"));
        return builder.buildAsync(address, heard).join();
    }
}

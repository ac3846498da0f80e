package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** A bare client of the simulator. */
final class Client {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final E2bSimulator simulator;

    Client(E2bSimulator simulator) {
        this.simulator = simulator;
    }

    /** An answer. */
    record Reply(int status, String text, HttpResponse<byte[]> raw) {
        JsonNode json() {
            return Client.json(text);
        }

        String message() {
            return json().path("message").asText();
        }
    }

    static JsonNode json(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (IOException e) {
            throw new AssertionError(text, e);
        }
    }

    Reply api(String method, String path, String body) {
        return send(method, path, body, "X-API-KEY", simulator.apiKey());
    }

    Reply api(String method, String path) {
        return api(method, path, "");
    }

    Reply send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(simulator.uri() + path))
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        if (!body.isEmpty() && !Arrays.asList(headers).contains("Content-Type")) {
            request.header("Content-Type", "application/json");
        }
        try {
            HttpResponse<byte[]> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return new Reply(answer.statusCode(), new String(answer.body(), StandardCharsets.UTF_8), answer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A sandbox that was made. */
    record Made(String id, String token) {}

    Made create(String more) {
        Reply reply = api("POST", "/v2/sandboxes", "{\"templateID\":\"base\"" + more + "}");
        if (reply.status() != 201) {
            throw new AssertionError(reply.text());
        }
        return new Made(
                reply.json().path("sandboxID").asText(),
                reply.json().path("envdAccessToken").asText());
    }

    Reply envd(Made sandbox, String method, String path, String body, String... more) {
        List<String> headers = new ArrayList<>(List.of(
                "E2b-Sandbox-Id", sandbox.id(), "E2b-Sandbox-Port", "49983", "X-Access-Token", sandbox.token()));
        headers.addAll(List.of(more));
        return send(method, path, body, headers.toArray(new String[0]));
    }

    Reply rpc(Made sandbox, String method, String body) {
        return envd(sandbox, "POST", "/" + method, body);
    }

    /** All events of a stream: messages, and last what its end frame holds. */
    List<JsonNode> stream(Made sandbox, String method, String message, String... headers) {
        try (InputStream in = open(sandbox, method, message, headers)) {
            DataInputStream frames = new DataInputStream(new ByteArrayInputStream(in.readAllBytes()));
            List<JsonNode> events = new ArrayList<>();
            while (frames.available() > 0) {
                events.add(frame(frames));
            }
            return events;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    InputStream open(Made sandbox, String method, String message, String... more) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(simulator.uri() + "/" + method))
                .headers(
                        "E2b-Sandbox-Id",
                        sandbox.id(),
                        "E2b-Sandbox-Port",
                        "49983",
                        "X-Access-Token",
                        sandbox.token(),
                        "Content-Type",
                        "application/connect+json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(
                        Connect.frame(0, message.getBytes(StandardCharsets.UTF_8))));
        if (more.length > 0) {
            request.headers(more);
        }
        try {
            HttpResponse<InputStream> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            if (answer.statusCode() != 200) {
                throw new IOException("HTTP " + answer.statusCode());
            }
            return answer.body();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static JsonNode frame(DataInputStream in) throws IOException {
        in.readByte();
        return json(new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8));
    }

    static String start(String script, String more) {
        return "{\"process\":{\"cmd\":\"/bin/sh\",\"args\":[\"-c\",\"" + script + "\"]}" + more + "}";
    }

    static String output(List<JsonNode> events, String stream) {
        StringBuilder text = new StringBuilder();
        for (JsonNode event : events) {
            String part = event.at("/event/data/" + stream).asText("");
            text.append(new String(Base64.getDecoder().decode(part), StandardCharsets.UTF_8));
        }
        return text.toString();
    }
}

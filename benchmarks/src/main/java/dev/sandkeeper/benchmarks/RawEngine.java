package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The engine's API with as little as possible in between: a connection to its socket for each request. It is the floor that
 * every client stands on.
 */
final class RawEngine {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final UnixDomainSocketAddress socket;

    RawEngine() {
        String host = System.getenv().getOrDefault("DOCKER_HOST", "unix:///var/run/docker.sock");
        if (!host.startsWith("unix://")) {
            throw new IllegalArgumentException("the benches need an engine on a unix socket, not DOCKER_HOST=" + host);
        }
        socket = UnixDomainSocketAddress.of(Path.of(host.substring("unix://".length())));
    }

    /** HTTP/1.0, so that the answer ends with the connection and comes in one piece. */
    JsonNode call(String method, String path, @Nullable Object body) throws IOException {
        byte[] content = body == null ? new byte[0] : JSON.writeValueAsBytes(body);
        try (SocketChannel channel = SocketChannel.open(socket)) {
            send(channel, method + " " + path + " HTTP/1.0\r\n", "", content);
            InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
            int status = status(in);
            byte[] answer = in.readAllBytes();
            if (status >= 300) {
                throw new IOException(
                        method + " " + path + ": " + status + " " + new String(answer, StandardCharsets.UTF_8));
            }
            return answer.length == 0 ? JSON.nullNode() : JSON.readTree(answer);
        }
    }

    /** A command by an exec of its own, from its creation to its exit code. */
    Ran exec(String container, String user, String... arguments) throws IOException {
        JsonNode exec = call(
                "POST",
                "/containers/" + container + "/exec",
                Map.of("AttachStdout", true, "AttachStderr", true, "User", user, "Cmd", List.of(arguments)));
        String id = exec.path("Id").asText();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (SocketChannel channel = SocketChannel.open(socket)) {
            send(
                    channel,
                    "POST /exec/" + id + "/start HTTP/1.1\r\nHost: engine\r\n",
                    "Connection: Upgrade\r\nUpgrade: tcp\r\n",
                    JSON.writeValueAsBytes(Map.of("Detach", false, "Tty", false)));
            DataInputStream in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel)));
            int status = status(in);
            if (status != 101) {
                throw new IOException(
                        "exec start: " + status + " " + new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
            int stream;
            while ((stream = in.read()) >= 0) {
                in.readNBytes(3);
                byte[] frame = in.readNBytes(in.readInt());
                (stream == 2 ? err : out).write(frame);
            }
        }
        JsonNode ended = call("GET", "/exec/" + id + "/json", null);
        if (ended.path("Running").asBoolean(true)) {
            throw new IOException("the exec still runs: " + ended);
        }
        return new Ran(
                ended.path("ExitCode").asInt(),
                out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }

    private static void send(SocketChannel channel, String start, String headers, byte[] content) throws IOException {
        String head =
                start + headers + "Content-Type: application/json\r\nContent-Length: " + content.length + "\r\n\r\n";
        ByteBuffer request = ByteBuffer.allocate(head.length() + content.length)
                .put(head.getBytes(StandardCharsets.US_ASCII))
                .put(content)
                .flip();
        while (request.hasRemaining()) {
            channel.write(request);
        }
    }

    /** Reads the head of an answer and leaves the body. */
    private static int status(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the engine closed the connection: " + head);
            }
            head.append((char) next);
        }
        return Integer.parseInt(head.substring(9, 12));
    }
}

package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Speaks HTTP/1.1 to the engine for what docker-java cannot do well: streams that are taken over after the first answer
 * ("hijacked"), archives, and the first question, for the version. One connection for each request.
 */
final class EngineHttp {
    private static final int LONGEST_HEAD = 64 << 10;

    private final EngineAddress address;
    private final @Nullable SSLContext tls;

    EngineHttp(EngineAddress address, @Nullable SSLContext tls) {
        this.address = address;
        this.tls = tls;
    }

    EngineAddress address() {
        return address;
    }

    /**
     * Asks and reads the whole answer.
     *
     * @param path with the version in front, already encoded
     * @param body what is sent; empty for nothing
     */
    EngineResponse request(String method, String path, byte[] body, String contentType, Deadline deadline)
            throws IOException, InterruptedException {
        try (EngineConnection connection = EngineConnection.open(address, tls, deadline)) {
            send(connection, method, path, body, contentType, "Connection: close\r\n", deadline);
            return answer(new ByteQueue(connection, deadline));
        }
    }

    EngineResponse get(String path, Deadline deadline) throws IOException, InterruptedException {
        return request("GET", path, new byte[0], "", deadline);
    }

    /**
     * Asks for a stream and takes the connection over.
     *
     * @throws EngineRefusedException if the engine answered anything but a stream; it has the engine's own words
     */
    HijackedStream hijack(String path, String json, Duration time) throws IOException, InterruptedException {
        Deadline deadline = Deadline.in(time);
        EngineConnection connection = EngineConnection.open(address, tls, deadline);
        boolean kept = false;
        try {
            byte[] body = json.getBytes(StandardCharsets.UTF_8);
            send(
                    connection,
                    "POST",
                    path,
                    body,
                    "application/json",
                    "Connection: Upgrade\r\nUpgrade: tcp\r\n",
                    deadline);
            ByteQueue queue = new ByteQueue(connection, deadline);
            EngineResponse response = EngineResponse.head(readHead(queue));
            boolean stream = response.status() == 101
                    || (response.status() == 200
                            && !response.header("content-type").startsWith("application/json"));
            if (!stream) {
                throw new EngineRefusedException(response.withBody(queue.body(response)));
            }
            kept = true;
            return new HijackedStream(connection, queue.rest());
        } finally {
            if (!kept) {
                connection.close();
            }
        }
    }

    private void send(
            EngineConnection connection,
            String method,
            String path,
            byte[] body,
            String contentType,
            String connectionHeaders,
            Deadline deadline)
            throws IOException, InterruptedException {
        StringBuilder head = new StringBuilder()
                .append(method + " " + path + " HTTP/1.1\r\n")
                .append("Host: " + (address.socket() == null ? address.host() + ":" + address.port() : "docker")
                        + "\r\n")
                .append("User-Agent: sandkeeper\r\n")
                .append(connectionHeaders);
        if (body.length > 0 || !method.equals("GET")) {
            head.append("Content-Type: " + contentType + "\r\nContent-Length: " + body.length + "\r\n");
        }
        byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer all = ByteBuffer.allocate(start.length + body.length);
        connection.write(all.put(start).put(body).flip(), deadline);
    }

    private static EngineResponse answer(ByteQueue queue) throws IOException, InterruptedException {
        EngineResponse response = EngineResponse.head(readHead(queue));
        while (response.status() == 100) {
            response = EngineResponse.head(readHead(queue));
        }
        return response.withBody(queue.body(response));
    }

    private static List<String> readHead(ByteQueue queue) throws IOException, InterruptedException {
        List<String> head = new ArrayList<>();
        int length = 0;
        for (String line = queue.line(LONGEST_HEAD); !line.isEmpty(); line = queue.line(LONGEST_HEAD)) {
            head.add(line);
            length += line.length();
            if (length > LONGEST_HEAD) {
                throw new IOException("the engine's answer has a head of more than " + LONGEST_HEAD + " bytes");
            }
        }
        return head;
    }
}

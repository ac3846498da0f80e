package dev.sandkeeper.docker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An answer of the engine. */
final class EngineResponse {
    private static final Pattern FIRST_LINE = Pattern.compile("HTTP/1\\.[01] ([1-5][0-9]{2})(?: .*)?");

    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;

    private EngineResponse(int status, Map<String, String> headers, byte[] body) {
        this.status = status;
        this.headers = headers;
        this.body = body;
    }

    /** Reads a head, line by line. */
    static EngineResponse head(List<String> lines) throws IOException {
        Matcher first = FIRST_LINE.matcher(lines.isEmpty() ? "" : lines.get(0));
        if (!first.matches()) {
            throw new IOException("what listens there does not speak HTTP/1.1");
        }
        Map<String, String> headers = new HashMap<>();
        for (String line : lines.subList(1, lines.size())) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).trim());
            }
        }
        return new EngineResponse(Integer.parseInt(first.group(1)), headers, new byte[0]);
    }

    EngineResponse withBody(byte[] bytes) {
        return new EngineResponse(status, headers, bytes);
    }

    int status() {
        return status;
    }

    byte[] body() {
        return body;
    }

    /** Empty if there is none. */
    String header(String name) {
        return headers.getOrDefault(name, "");
    }

    /** What the engine says is wrong. */
    String message() {
        return EngineMessages.of(new String(body, StandardCharsets.UTF_8));
    }
}

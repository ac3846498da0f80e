package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** OkHttp with its defaults, and Jackson: what somebody would write who has one evening. */
final class BareCalls implements AutoCloseable {
    static final MediaType JSON = MediaType.get("application/json");
    static final MediaType BYTES = MediaType.get("application/octet-stream");

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final RequestBody NOTHING = RequestBody.create(new byte[0]);

    private final OkHttpClient client = new OkHttpClient();
    private final String base;
    private final Headers headers;

    /** Calls below an address, each with these headers. */
    BareCalls(String base, Map<String, String> headers) {
        this.base = base;
        this.headers = Headers.of(headers);
    }

    /** Sends JSON, and takes what comes. */
    JsonNode json(String method, String path, @Nullable String body) throws IOException {
        byte[] answer = bytes(method, path, body == null ? null : RequestBody.create(body, JSON));
        return answer.length == 0 ? MAPPER.missingNode() : MAPPER.readTree(answer);
    }

    static JsonNode tree(byte[] json, int offset, int length) throws IOException {
        return MAPPER.readTree(json, offset, length);
    }

    /** Sends a body, and takes the whole answer, which has to be one of success. */
    byte[] bytes(String method, String path, @Nullable RequestBody body) throws IOException {
        RequestBody sent = body == null && !method.equals("GET") && !method.equals("DELETE") ? NOTHING : body;
        Request request = new Request.Builder()
                .url(base + path)
                .headers(headers)
                .method(method, sent)
                .build();
        try (Response response = client.newCall(request).execute()) {
            byte[] answer = response.body().bytes();
            if (!response.isSuccessful()) {
                throw new IOException(method + " " + path + " answered " + response.code());
            }
            return answer;
        }
    }

    @Override
    public void close() {
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
    }
}

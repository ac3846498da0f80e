package dev.sandkeeper.testkit.simulator.internal;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request and the way to answer it, once, with faults and alterations on the way out. Handlers use it on one thread at a time.
 */
public final class Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final int LARGEST_JSON = 8 * 1024 * 1024;

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final SimulatorServer server;
    private final Kept requestBody;
    private final Wire wire;
    private Router.@Nullable Match match;
    private @Nullable InputStream body;

    Exchange(Request request, Response response, Callback callback, SimulatorServer server) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.server = server;
        this.requestBody = new Kept(server.keepsTraffic());
        this.wire = new Wire(this, request, response, callback, server);
    }

    void matched(Router.Match found, @Nullable SimulatorFault fault) {
        match = found;
        wire.fault(fault);
    }

    /**
     * The route that was found.
     *
     * @return its name, or {@code none}
     */
    public String route() {
        return match == null ? "none" : match.route().name();
    }

    /**
     * The method.
     *
     * @return such as {@code GET}
     */
    public String method() {
        return request.getMethod();
    }

    /**
     * The path.
     *
     * @return still encoded, without the query
     */
    public String path() {
        String path = request.getHttpURI().getPath();
        return path == null || path.isEmpty() ? "/" : path;
    }

    /**
     * Path and query.
     *
     * @return still encoded
     */
    public String target() {
        return request.getHttpURI().getPathQuery();
    }

    /**
     * A parameter of the path.
     *
     * @param name as the template names it
     * @return its value, decoded
     */
    public String parameter(String name) {
        String value = match == null ? null : match.parameters().get(name);
        if (value == null) {
            throw new IllegalArgumentException(route() + " has no parameter " + name);
        }
        return value;
    }

    /**
     * A parameter of the query.
     *
     * @param name its name
     * @return its first value, decoded once
     */
    public Optional<String> query(String name) {
        return queries(name).stream().findFirst();
    }

    /**
     * All values of a parameter of the query.
     *
     * @param name its name
     * @return decoded once
     */
    public List<String> queries(String name) {
        List<String> values = new ArrayList<>();
        for (String pair : queryPairs()) {
            int equals = pair.indexOf('=');
            String key = equals < 0 ? pair : pair.substring(0, equals);
            if (URLDecoder.decode(key, StandardCharsets.UTF_8).equals(name)) {
                values.add(equals < 0 ? "" : URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    /**
     * The names of the query's parameters.
     *
     * @return decoded, in their order
     */
    public List<String> queryNames() {
        return queryPairs().stream()
                .map(pair -> URLDecoder.decode(
                        pair.contains("=") ? pair.substring(0, pair.indexOf('=')) : pair, StandardCharsets.UTF_8))
                .distinct()
                .toList();
    }

    private List<String> queryPairs() {
        String query = request.getHttpURI().getQuery();
        return query == null || query.isEmpty() ? List.of() : List.of(query.split("&", -1));
    }

    /**
     * A header of the request.
     *
     * @param name its name, in any case
     * @return its first value
     */
    public Optional<String> header(String name) {
        return Optional.ofNullable(request.getHeaders().get(name));
    }

    /**
     * All headers of the request.
     *
     * @return by name in lower case
     */
    public Map<String, List<String>> headers() {
        return mapOf(request.getHeaders());
    }

    /**
     * The media type of the request's body.
     *
     * @return in lower case, without parameters; empty if there is none
     */
    public String contentType() {
        return header("Content-Type")
                .map(value -> value.split(";", 2)[0].strip().toLowerCase(Locale.ROOT))
                .orElse("");
    }

    /**
     * The request's body.
     *
     * @return to be read once; always the same stream
     */
    public InputStream body() {
        if (body == null) {
            body = requestBody.copying(Request.asInputStream(request));
        }
        return body;
    }

    /**
     * The request's body as a whole.
     *
     * @return at most 8 MiB
     * @throws IOException if it is longer or did not come to its end
     */
    public byte[] bytes() throws IOException {
        byte[] bytes = body().readNBytes(LARGEST_JSON + 1);
        if (bytes.length > LARGEST_JSON) {
            throw new IOException("a body of more than " + LARGEST_JSON + " bytes");
        }
        return bytes;
    }

    /**
     * Answers without a body.
     *
     * @param status the HTTP status
     */
    public void answer(int status) {
        answer(Answer.empty(status));
    }

    /**
     * Answers JSON.
     *
     * @param status the HTTP status
     * @param value what is written
     */
    public void answer(int status, JsonNode value) {
        answer(Answer.json(status, value));
    }

    /**
     * Answers.
     *
     * @param answer what is sent, unless a fault is in the way
     */
    public void answer(Answer answer) {
        drain();
        wire.whole(server.alteration().answer(this, answer));
    }

    /** Reads what the handler has left of the request: a client that is still sending would see a broken connection. */
    private void drain() {
        try {
            long rest = body().transferTo(OutputStream.nullOutputStream());
            LOG.trace("{} bytes of {} were not looked at", rest, this);
        } catch (IOException e) {
            LOG.debug("the request of {} broke off: {}", this, e.toString());
        }
    }

    /**
     * Begins an answer whose body is written as it comes.
     *
     * @param head status and headers; with {@code Content-Length}, if that is known
     * @return where the body goes; writing blocks while the client does not read, and throws once it has gone. To be closed, which
     *     ends the answer
     */
    public AnswerStream stream(Answer head) {
        return new AnswerStream(this, wire, server.alteration().head(this, head), server.alteration());
    }

    /**
     * Answers with a WebSocket.
     *
     * @param protocol the subprotocol that is chosen; null for none
     * @param headers added to the answer
     * @param handler what is done with it, on a thread of its own; the socket is closed when it returns
     * @throws Refusal if the request asks for no WebSocket
     */
    public void upgrade(@Nullable String protocol, Map<String, String> headers, WebSocket.Handler handler) {
        if (!wire.lostBeforeAnswer()) {
            server.upgrade(this, protocol, headers, handler);
        }
    }

    /** Closes the connection without another byte. */
    public void cut() {
        wire.cut();
    }

    /**
     * Whether an answer has been begun.
     *
     * @return true also if the connection was cut instead
     */
    public boolean begun() {
        return wire.begun();
    }

    Request request() {
        return request;
    }

    Response response() {
        return response;
    }

    Callback callback() {
        return callback;
    }

    Wire wire() {
        return wire;
    }

    void finished(int status, HttpFields headers, byte[] answer, boolean complete) {
        server.finished(
                this,
                new SimulatorTraffic(
                        route(),
                        method(),
                        target(),
                        headers(),
                        requestBody.bytes(),
                        status,
                        mapOf(headers),
                        answer,
                        complete));
    }

    private static Map<String, List<String>> mapOf(HttpFields fields) {
        Map<String, List<String>> map = new TreeMap<>();
        for (HttpField field : fields) {
            map.computeIfAbsent(field.getName().toLowerCase(Locale.ROOT), key -> new ArrayList<>())
                    .add(field.getValue() == null ? "" : field.getValue());
        }
        return map;
    }

    /** Method and route, and no secret. */
    @Override
    public String toString() {
        return route();
    }
}

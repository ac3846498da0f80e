package dev.sandkeeper.testkit.simulator;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One request to a simulator and what was answered, bytes and secrets and all: for tests that compare both with what the
 * provider publishes. Never to be logged. Immutable.
 *
 * <p>A listener is called on the simulator's threads, when the answer has ended or its connection was lost, and may be called
 * by several at a time.
 */
public final class SimulatorTraffic {
    /** The most bytes of a body that are kept. */
    public static final int KEPT_BYTES = 4 * 1024 * 1024;

    private final String route;
    private final String method;
    private final String target;
    private final Map<String, List<String>> requestHeaders;
    private final byte[] requestBody;
    private final int status;
    private final Map<String, List<String>> answerHeaders;
    private final byte[] answerBody;
    private final boolean complete;

    /**
     * Describes an exchange. Made by simulators.
     *
     * @param route the route's name, or {@code none} where there is none
     * @param method such as {@code GET}
     * @param target path and query as they were sent, still encoded
     * @param requestHeaders by name in lower case
     * @param requestBody at most {@link #KEPT_BYTES}
     * @param status 0 if none was answered
     * @param answerHeaders by name in lower case
     * @param answerBody at most {@link #KEPT_BYTES}
     * @param complete whether the answer went out to its end
     */
    public SimulatorTraffic(
            String route,
            String method,
            String target,
            Map<String, List<String>> requestHeaders,
            byte[] requestBody,
            int status,
            Map<String, List<String>> answerHeaders,
            byte[] answerBody,
            boolean complete) {
        this.route = route;
        this.method = method;
        this.target = target;
        this.requestHeaders = Map.copyOf(requestHeaders);
        this.requestBody = requestBody.clone();
        this.status = status;
        this.answerHeaders = Map.copyOf(answerHeaders);
        this.answerBody = answerBody.clone();
        this.complete = complete;
    }

    /** A listener that wants nothing, so that nothing is kept for it. */
    public static final Consumer<SimulatorTraffic> NOBODY = traffic -> {};

    /**
     * The route that took it.
     *
     * @return its name, as in {@link SimulatorFaults}; {@code none} if there was none
     */
    public String route() {
        return route;
    }

    /**
     * The method.
     *
     * @return such as {@code GET}
     */
    public String method() {
        return method;
    }

    /**
     * What was asked for.
     *
     * @return path and query as they were sent, still encoded
     */
    public String target() {
        return target;
    }

    /**
     * The path of {@link #target()}.
     *
     * @return still encoded
     */
    public String path() {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    /**
     * The query of {@link #target()}.
     *
     * @return still encoded, without the question mark; empty if there is none
     */
    public String query() {
        int query = target.indexOf('?');
        return query < 0 ? "" : target.substring(query + 1);
    }

    /**
     * The request's headers.
     *
     * @return by name in lower case
     */
    public Map<String, List<String>> requestHeaders() {
        return requestHeaders;
    }

    /**
     * One of the request's headers.
     *
     * @param name its name, in any case
     * @return its first value
     */
    public Optional<String> requestHeader(String name) {
        return first(requestHeaders, name);
    }

    /**
     * The request's body, as far as it was read.
     *
     * @return at most {@link #KEPT_BYTES}, chunks joined
     */
    public byte[] requestBody() {
        return requestBody.clone();
    }

    /**
     * The request's body as text.
     *
     * @return read as UTF-8
     */
    public String requestText() {
        return new String(requestBody, StandardCharsets.UTF_8);
    }

    /**
     * The status.
     *
     * @return 0 if none was answered; 101 of a WebSocket
     */
    public int status() {
        return status;
    }

    /**
     * The answer's headers.
     *
     * @return by name in lower case
     */
    public Map<String, List<String>> answerHeaders() {
        return answerHeaders;
    }

    /**
     * One of the answer's headers.
     *
     * @param name its name, in any case
     * @return its first value
     */
    public Optional<String> answerHeader(String name) {
        return first(answerHeaders, name);
    }

    /**
     * The answer's body, as far as it was sent; of a WebSocket all messages of the simulator, one after another.
     *
     * @return at most {@link #KEPT_BYTES}, chunks joined
     */
    public byte[] answerBody() {
        return answerBody.clone();
    }

    /**
     * The answer's body as text.
     *
     * @return read as UTF-8
     */
    public String answerText() {
        return new String(answerBody, StandardCharsets.UTF_8);
    }

    /**
     * Whether the answer went out to its end.
     *
     * @return false also of an answer that was never begun
     */
    public boolean complete() {
        return complete;
    }

    private static Optional<String> first(Map<String, List<String>> headers, String name) {
        List<String> values = headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
        return values.stream().findFirst();
    }

    /** Method, route and status, and no secret. */
    @Override
    public String toString() {
        // the name of a route begins with the method; what has none has no route either
        String what = route.startsWith(method + " ") ? route : method + " " + route;
        return what + " -> " + status + (complete ? "" : ", cut");
    }
}

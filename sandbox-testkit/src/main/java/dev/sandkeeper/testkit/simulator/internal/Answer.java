package dev.sandkeeper.testkit.simulator.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.TreeMap;

/** A whole answer, known before its first byte is sent. */
public final class Answer {
    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;

    /**
     * Describes an answer.
     *
     * @param status the HTTP status
     * @param headers added to what the server sets
     * @param body may be empty
     */
    public Answer(int status, Map<String, String> headers, byte[] body) {
        this.status = status;
        this.headers = Map.copyOf(headers);
        this.body = body.clone();
    }

    /**
     * An answer of JSON.
     *
     * @param status the HTTP status
     * @param body what is written
     * @return the answer
     */
    public static Answer json(int status, JsonNode body) {
        return new Answer(status, Map.of("Content-Type", "application/json; charset=utf-8"), Json.bytes(body));
    }

    /**
     * An answer without a body.
     *
     * @param status the HTTP status
     * @return the answer
     */
    public static Answer empty(int status) {
        return new Answer(status, Map.of(), new byte[0]);
    }

    /**
     * Adds a header.
     *
     * @param name its name
     * @param value its value
     * @return a copy that has it
     */
    public Answer header(String name, String value) {
        Map<String, String> more = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        more.putAll(headers);
        more.put(name, value);
        return new Answer(status, more, body);
    }

    /**
     * Changes the status.
     *
     * @param other the HTTP status
     * @return a copy that has it
     */
    public Answer status(int other) {
        return new Answer(other, headers, body);
    }

    /**
     * Changes the body.
     *
     * @param other what is sent
     * @return a copy that has it
     */
    public Answer body(byte[] other) {
        return new Answer(status, headers, other);
    }

    /**
     * The status.
     *
     * @return from 100 to 599
     */
    public int status() {
        return status;
    }

    /**
     * The headers.
     *
     * @return in no order
     */
    public Map<String, String> headers() {
        return headers;
    }

    /**
     * The body.
     *
     * @return a copy
     */
    public byte[] body() {
        return body.clone();
    }
}

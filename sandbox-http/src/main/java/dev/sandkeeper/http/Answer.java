package dev.sandkeeper.http;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/** A whole answer. Immutable. */
public final class Answer {
    private final ProviderCall call;
    private final int status;
    private final Headers headers;
    private final byte[] body;

    Answer(ProviderCall call, int status, Headers headers, byte[] body) {
        this.call = call;
        this.status = status;
        this.headers = headers;
        this.body = body;
    }

    /** {@return the HTTP status: one of 2xx, or one that the call accepts} */
    public int status() {
        return status;
    }

    /**
     * One header.
     *
     * @param name its name, in any case
     * @return its last value, or nothing
     */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /** {@return the body; not to be changed} */
    public byte[] bytes() {
        return body;
    }

    /** {@return the body as UTF-8} */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /**
     * Reads the body as JSON.
     *
     * @param type a record of what is needed of it
     * @param <T> the same
     * @return the value, never null
     * @throws BackendUnavailableException if it is something else
     * @throws OutcomeUnknownException if so, and the call was not safe to repeat
     */
    public <T> T json(Class<T> type) {
        return read(mapper -> mapper.readValue(body, type));
    }

    /**
     * Reads the body as JSON.
     *
     * @param type what is expected, such as a list
     * @param <T> the same
     * @return the value, never null
     * @throws BackendUnavailableException if it is something else
     * @throws OutcomeUnknownException if so, and the call was not safe to repeat
     */
    public <T> T json(TypeReference<T> type) {
        return read(mapper -> mapper.readValue(body, type));
    }

    /** {@return the body as a JSON tree; throws as {@link #json(Class)} does} */
    public JsonNode json() {
        return json(JsonNode.class);
    }

    private interface Reading<T> {
        @Nullable
        T by(ObjectMapper mapper) throws IOException;
    }

    private <T> T read(Reading<T> reading) {
        try {
            T value = reading.by(Json.mapper());
            if (value != null) {
                return value;
            }
        } catch (IOException e) {
            throw unreadable(e.getClass().getSimpleName()); // its message has parts of the answer
        }
        throw unreadable("null");
    }

    /**
     * The answer lacks what it must have.
     *
     * @param problem what is wrong with it, without any of its content
     * @return the exception to throw
     */
    public SandboxException unreadable(String problem) {
        String message =
                "could not " + call.what() + ": the provider's answer " + status + " cannot be read: " + problem;
        return call.isRepeatable()
                ? new BackendUnavailableException(call.client().failure("answer_unreadable", message))
                : new OutcomeUnknownException(call.client().failure("outcome_unknown", message));
    }

    /** The status only. */
    @Override
    public String toString() {
        return "Answer[" + status + ", " + body.length + " bytes]";
    }
}

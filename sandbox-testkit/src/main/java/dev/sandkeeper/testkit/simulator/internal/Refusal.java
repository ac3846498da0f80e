package dev.sandkeeper.testkit.simulator.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** An answer that says no: thrown from anywhere in a handler, in the provider's own words. */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Answer answer;

    /**
     * Answers an error.
     *
     * @param answer what is answered instead of what was asked for
     */
    public Refusal(Answer answer) {
        super("refused with " + answer.status(), null, false, false);
        this.answer = answer;
    }

    /**
     * Answers JSON.
     *
     * @param status from 400
     * @param body the error's body
     * @return to be thrown
     */
    public static Refusal json(int status, JsonNode body) {
        return new Refusal(Answer.json(status, body));
    }

    /**
     * Answers plain text.
     *
     * @param status from 400
     * @param text the error's body
     * @return to be thrown
     */
    public static Refusal text(int status, String text) {
        return new Refusal(new Answer(
                status, Map.of("Content-Type", "text/plain; charset=utf-8"), text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * What is answered.
     *
     * @return the answer
     */
    public Answer answer() {
        return answer;
    }
}

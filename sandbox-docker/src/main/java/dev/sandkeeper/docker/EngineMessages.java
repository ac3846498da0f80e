package dev.sandkeeper.docker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** The engine's own words in its error bodies: {@code {"message": "..."}}. */
final class EngineMessages {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST = 1000;

    private EngineMessages() {}

    /** The message in a body, or in docker-java's rendering of one ("Status 404: {...}"), or the text itself. */
    static String of(String text) {
        int brace = text.indexOf('{');
        String message = text;
        if (brace >= 0) {
            try {
                JsonNode node = JSON.readTree(text.substring(brace));
                message = node.path("message").asText(text);
            } catch (JsonProcessingException e) {
                message = text;
            }
        }
        String line = message.strip().replaceAll("\\s+", " ");
        return line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    }
}

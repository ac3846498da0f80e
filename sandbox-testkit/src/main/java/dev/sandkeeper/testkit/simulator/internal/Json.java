package dev.sandkeeper.testkit.simulator.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Reading and writing JSON as the services do: a name twice or anything behind the value is refused. */
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /**
     * Reads a value.
     *
     * @param text UTF-8
     * @return the value; of no text at all a missing node
     * @throws IOException if it is no JSON; the message quotes nothing of it
     */
    public static JsonNode read(byte[] text) throws IOException {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IOException("no JSON at byte "
                    + (e.getLocation() == null ? 0 : e.getLocation().getByteOffset()));
        }
    }

    /**
     * Writes a value.
     *
     * @param value what is written
     * @return UTF-8, without spaces
     */
    public static byte[] bytes(JsonNode value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * An empty object.
     *
     * @return a new one
     */
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /**
     * An empty array.
     *
     * @return a new one
     */
    public static ArrayNode array() {
        return MAPPER.createArrayNode();
    }
}

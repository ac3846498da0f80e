package dev.sandkeeper.fly;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * An app as an answer shows it.
 *
 * @param network its private network; empty if the answer does not tell
 */
record AppView(String name, String network, int machines) {
    static AppView of(JsonNode json) {
        return new AppView(
                json.path("name").asText(""),
                json.path("network").asText(""),
                json.path("machine_count").asInt(0));
    }
}

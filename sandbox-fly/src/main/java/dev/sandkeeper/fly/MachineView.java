package dev.sandkeeper.fly;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.spi.ProviderState;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A Machine as an answer shows it.
 *
 * @param state in Fly's words
 * @param version what its API calls instance id
 */
record MachineView(String id, String name, String state, String region, String version, Map<String, String> metadata) {
    MachineView {
        metadata = Map.copyOf(metadata);
    }

    static MachineView of(JsonNode json) {
        Map<String, String> metadata = new HashMap<>();
        // a host that does not answer leaves the configuration out, or shows a part of it under another name
        for (String config : new String[] {"incomplete_config", "config"}) {
            json.path(config).path("metadata").properties().forEach(entry -> {
                if (entry.getValue().isTextual()) {
                    metadata.put(entry.getKey(), entry.getValue().textValue());
                }
            });
        }
        return new MachineView(
                json.path("id").asText(""),
                json.path("name").asText(""),
                json.path("state").asText("").toLowerCase(Locale.ROOT),
                json.path("region").asText(""),
                json.path("instance_id").asText(""),
                metadata);
    }

    Optional<Identity> identity() {
        return Identity.of(metadata);
    }

    boolean isStarted() {
        return state.equals("started");
    }

    /** It will never run again, and nobody pays for it. */
    boolean isDestroyed() {
        return state.equals("destroyed");
    }

    /** What it will never take a command again. */
    boolean hasEnded() {
        return switch (state) {
            case "destroying", "destroyed", "stopping", "stopped", "failed", "launch_failed" -> true;
            default -> false;
        };
    }

    ProviderState providerState() {
        if (hasEnded()) {
            return ProviderState.GONE;
        }
        return switch (state) {
            case "created", "creating", "starting", "started", "restarting", "updating", "replacing" ->
                ProviderState.PRESENT;
            case "suspending", "suspended" -> ProviderState.PAUSED;
            default -> ProviderState.UNKNOWN;
        };
    }
}

package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.Sandbox;
import java.io.IOException;
import java.util.Map;

/**
 * Makes containers like those of a sandbox, without us: the engine is asked what it made for a sandbox, and to make exactly
 * that once more. Image, entry point, users, environment, limits, mounts, capabilities and network are therefore equal by
 * construction; name and labels are another's, and the volume has no name, so that it goes with its container.
 */
final class Alike {
    static final String USER = "1000:1000";

    private final RawEngine engine;
    private final ObjectNode request;

    Alike(RawEngine engine, Sandbox sandbox, String run) throws IOException {
        this.engine = engine;
        JsonNode made = engine.call("GET", "/containers/" + Host.container(sandbox) + "/json", null);
        request = made.path("Config").deepCopy();
        request.remove("Hostname");
        request.putPOJO("Labels", Map.of("dev.sandkeeper.benchmark", run));
        ObjectNode host = made.path("HostConfig").deepCopy();
        for (JsonNode mount : host.path("Mounts")) {
            if (mount instanceof ObjectNode volume) {
                volume.remove("Source");
                volume.remove("VolumeOptions");
            }
        }
        request.set("HostConfig", host);
    }

    /** Creates and starts one, and answers its id. */
    String start() throws IOException {
        String id =
                engine.call("POST", "/containers/create", request).path("Id").asText();
        engine.call("POST", "/containers/" + id + "/start", null);
        return id;
    }

    void remove(String id) throws IOException {
        engine.call("DELETE", "/containers/" + id + "?force=true&v=true", null);
    }
}

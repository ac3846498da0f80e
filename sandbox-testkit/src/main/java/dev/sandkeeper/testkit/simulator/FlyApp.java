package dev.sandkeeper.testkit.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.util.LinkedHashMap;
import java.util.Map;

/** An app: a name that is unique among all customers, and the Machines and volumes in it. */
record FlyApp(
        String name,
        String id,
        String organization,
        String network,
        Map<String, FlyMachine> machines,
        Map<String, ObjectNode> volumes) {
    FlyApp(String name, String id, String organization, String network) {
        this(name, id, organization, network, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    ObjectNode json() {
        ObjectNode json = Json.object()
                .put("id", id)
                .put("name", name)
                .put("status", machines.isEmpty() ? "pending" : "deployed")
                .put("network", network)
                .put("machine_count", machines.size())
                .put("volume_count", volumes.size());
        json.putObject("organization").put("name", organization).put("slug", organization);
        return json;
    }
}

package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Apps, volumes, regions, and what a token may do. */
final class FlyAppRoutes {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,63}");
    static final String APP = "/v1/apps/{app}";

    private final FlyFleet fleet;
    private final FlyFields fields;
    private final FlyNames names;
    private final FlySettings settings;

    FlyAppRoutes(FlyFleet fleet, FlyFields fields, FlyNames names, FlySettings settings) {
        this.fleet = fleet;
        this.fields = fields;
        this.names = names;
        this.settings = settings;
    }

    void addTo(Router router) {
        router.add("GET", "/v1/apps", this::list)
                .add("POST", "/v1/apps", this::create)
                .add(
                        "GET",
                        APP,
                        exchange -> exchange.answer(
                                200, fleet.alone(() -> app(exchange).json())))
                .add("DELETE", APP, this::delete)
                .add("GET", APP + "/volumes", this::volumes)
                .add("POST", APP + "/volumes", this::createVolume)
                .add(
                        "GET",
                        APP + "/volumes/{volume}",
                        exchange -> exchange.answer(
                                200, fleet.alone(() -> volume(exchange).deepCopy())))
                .add("DELETE", APP + "/volumes/{volume}", this::deleteVolume)
                .add("GET", "/v1/platform/regions", this::regions)
                .add("GET", "/v1/tokens/current", this::token)
                .add("GET", "/v1/orgs/{org}/machines", this::machinesOfOrganization);
    }

    private FlyApp app(Exchange exchange) {
        return fleet.app(exchange.parameter("app"));
    }

    private void list(Exchange exchange) {
        String organization = exchange.query("org_slug")
                .orElseThrow(() -> FlyRefusal.badRequest("missing required query parameter org_slug"));
        ObjectNode answer = fleet.alone(() -> {
            ObjectNode all = Json.object();
            ArrayNode apps = all.putArray("apps");
            fleet.apps().values().stream()
                    .filter(app -> app.organization().equals(organization))
                    .forEach(app -> apps.add(app.row()));
            return all.put("total_apps", apps.size());
        });
        exchange.answer(200, answer);
    }

    private void create(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "app");
        String name = body.path("name").asText(body.path("app_name").asText(""));
        String organization = body.path("org_slug").asText("");
        if (!NAME.matcher(name).matches()) {
            throw FlyRefusal.of(
                    422,
                    "Validation failed: Name must be at most 63 characters of lower-case letters, digits and dashes",
                    null);
        }
        if (organization.isEmpty()) {
            throw FlyRefusal.badRequest("org_slug is required");
        }
        if (!settings.organizations().contains(organization)) {
            throw FlyRefusal.of(404, "organization not found", null);
        }
        FlyApp made = fleet.alone(() -> {
            if (fleet.apps().containsKey(name)) {
                throw FlyRefusal.of(422, "Validation failed: Name has already been taken", "name_taken");
            }
            FlyApp app = new FlyApp(
                    name, names.word(16), organization, body.path("network").asText("default"));
            fleet.apps().put(name, app);
            return app;
        });
        exchange.answer(
                201,
                Json.object().put("id", made.id()).put("created_at", fleet.now().toEpochMilli()));
    }

    private void delete(Exchange exchange) {
        fleet.alone(() -> {
            FlyApp app = app(exchange);
            boolean force = exchange.query("force").orElse("false").equals("true");
            if (!force && app.machines().values().stream().anyMatch(machine -> machine.state.equals("started"))) {
                throw FlyRefusal.precondition("app has running machines");
            }
            fleet.delete(app);
            return app;
        });
        exchange.answer(202);
    }

    private ObjectNode volume(Exchange exchange) {
        ObjectNode volume = app(exchange).volumes().get(exchange.parameter("volume"));
        if (volume == null) {
            throw FlyRefusal.of(404, "volume not found", null);
        }
        return volume;
    }

    private void volumes(Exchange exchange) {
        ArrayNode all = Json.array();
        fleet.alone(() -> all.addAll(app(exchange).volumes().values()));
        exchange.answer(200, all);
    }

    private void createVolume(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "volume");
        String region = FlyRegions.choose(body.path("region").asText(""), settings.regions(), settings.full());
        ObjectNode volume = Json.object()
                .put("id", "vol_" + names.word(16))
                .put("name", body.path("name").asText())
                .put("state", "created")
                .put("size_gb", body.path("size_gb").asInt(3))
                .put("region", region)
                .put("encrypted", body.path("encrypted").asBoolean(true))
                .put("created_at", fleet.now().toString());
        fleet.alone(() -> app(exchange).volumes().put(volume.path("id").asText(), volume));
        exchange.answer(200, volume);
    }

    private void deleteVolume(Exchange exchange) {
        ObjectNode gone = fleet.alone(() -> {
            ObjectNode volume = volume(exchange);
            String id = volume.path("id").asText();
            for (FlyMachine machine : app(exchange).machines().values()) {
                for (JsonNode mount : machine.config.path("mounts")) {
                    if (mount.path("volume").asText().equals(id) && !machine.isDestroyed()) {
                        throw FlyRefusal.precondition("volume is currently bound to machine: " + machine.id);
                    }
                }
            }
            app(exchange).volumes().remove(id);
            return volume.put("state", "pending_destroy");
        });
        exchange.answer(200, gone);
    }

    private void regions(Exchange exchange) {
        ObjectNode answer = Json.object();
        answer.put("nearest", settings.regions().iterator().next());
        ArrayNode all = answer.putArray("regions");
        settings.regions().forEach(code -> all.addObject().put("code", code).put("name", code));
        exchange.answer(200, answer);
    }

    private void token(Exchange exchange) {
        ObjectNode answer = Json.object();
        answer.putArray("tokens")
                .addObject()
                .put("org_slug", settings.organizations().iterator().next())
                .put("token_id", "1");
        exchange.answer(200, answer);
    }

    private void machinesOfOrganization(Exchange exchange) {
        String organization = exchange.parameter("org");
        boolean deleted = exchange.query("include_deleted").orElse("false").equals("true");
        boolean summary = exchange.query("summary").orElse("false").equals("true");
        ObjectNode answer = Json.object();
        List<ObjectNode> rows = fleet.alone(() -> {
            List<ObjectNode> all = new ArrayList<>();
            for (FlyApp app : fleet.apps().values()) {
                if (app.organization().equals(organization)) {
                    for (ObjectNode machine : fleet.list(app, deleted, false, each -> true)) {
                        all.add(row(app.name(), machine, summary));
                    }
                }
            }
            return all;
        });
        int from = Math.min(number(exchange, "cursor", 0), rows.size());
        int to = Math.min(from + Math.min(number(exchange, "limit", 1000), settings.rowsInAPage()), rows.size());
        answer.putArray("machines").addAll(rows.subList(from, to));
        if (to < rows.size()) {
            answer.put("next_cursor", Integer.toString(to));
        }
        answer.putArray("error_regions");
        exchange.answer(200, answer);
    }

    private static int number(Exchange exchange, String name, int otherwise) {
        String text = exchange.query(name).orElse(Integer.toString(otherwise));
        if (!text.matches("[0-9]{1,9}")) {
            throw FlyRefusal.badRequest("invalid " + name);
        }
        return Integer.parseInt(text);
    }

    private static ObjectNode row(String app, ObjectNode machine, boolean summary) {
        ObjectNode row = Json.object().put("app_name", app);
        for (String field : List.of("id", "name", "state", "region", "created_at", "updated_at")) {
            row.set(field, machine.get(field));
        }
        row.set("version", machine.get("instance_id"));
        if (!summary) {
            ObjectNode config = row.putObject("config");
            for (String field : List.of("guest", "image", "metadata")) {
                if (machine.path("config").has(field)) {
                    config.set(field, machine.path("config").get(field));
                }
            }
        }
        return row;
    }
}

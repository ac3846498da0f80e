package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaControl.Organized;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaOrder.Build;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The control plane's routes for snapshots, volumes and what it says of itself. */
final class DaytonaStock {
    private static final int PAGE = 100;
    private static final int LARGEST_PAGE = 200;
    private static final byte[] BUILD_LOG = "Building image\nSuccessfully built\n".getBytes(StandardCharsets.UTF_8);

    private final DaytonaWorld world;
    private final Router router;

    DaytonaStock(DaytonaWorld world, Router router) {
        this.world = world;
        this.router = router;
    }

    void addRoutes() {
        route("POST", "/api/snapshots", "write:snapshots", this::create);
        route("GET", "/api/snapshots", null, this::list);
        route("GET", "/api/snapshots/{id}", null, (organization, exchange) -> shown(find(organization, exchange)));
        route("DELETE", "/api/snapshots/{id}", "delete:snapshots", (organization, exchange) -> {
            world.shelf().remove(find(organization, exchange));
            return Answer.empty(200);
        });
        route("POST", "/api/snapshots/{id}/activate", "write:snapshots", (organization, exchange) -> {
            DaytonaSnapshot snapshot = find(organization, exchange);
            world.shelf().activate(snapshot);
            return shown(snapshot);
        });
        route("POST", "/api/snapshots/{id}/deactivate", "write:snapshots", (organization, exchange) -> {
            world.shelf().deactivate(find(organization, exchange));
            return Answer.empty(204);
        });
        route("GET", "/api/snapshots/{id}/build-logs-url", null, this::buildLogsUrl);
        route("GET", "/api/volumes", "read:volumes", this::volumes);
        route("POST", "/api/volumes", "write:volumes", this::createVolume);
        route(
                "GET",
                "/api/volumes/{volumeId}",
                "read:volumes",
                (organization, exchange) -> shown(world.shelf().volume(organization, exchange.parameter("volumeId"))));
        route(
                "GET",
                "/api/volumes/by-name/{name}",
                "read:volumes",
                (organization, exchange) ->
                        shown(world.shelf().volumeByName(organization, exchange.parameter("name"))));
        route("DELETE", "/api/volumes/{volumeId}", "delete:volumes", this::deleteVolume);
        router.add(
                "GET",
                "/api/health",
                exchange -> exchange.answer(200, Json.object().put("status", "ok")));
        router.add("GET", "/api/config", exchange -> exchange.answer(200, config()));
        route(
                "GET",
                "/build-logs/{id}",
                null,
                (organization, exchange) ->
                        new Answer(200, Map.of("Content-Type", "text/plain; charset=utf-8"), BUILD_LOG));
    }

    private void route(String method, String template, @Nullable String permission, Organized answer) {
        router.add(method, template, exchange -> {
            exchange.answer(world.answered(exchange, permission, answer));
        });
    }

    private DaytonaSnapshot find(String organization, Exchange exchange) {
        return world.shelf().snapshot(organization, exchange.parameter("id"));
    }

    private Answer shown(DaytonaSnapshot snapshot) {
        synchronized (world.shelf()) {
            return Answer.json(200, world.json().snapshot(snapshot));
        }
    }

    private Answer shown(DaytonaVolume volume) {
        synchronized (world.shelf()) {
            return Answer.json(200, world.json().volume(volume));
        }
    }

    private Answer create(String organization, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaFields.control(DaytonaControl.body(exchange));
        String name = fields.needed("name");
        String image = fields.text("imageName");
        DaytonaFields info = fields.object("buildInfo");
        if ((image == null) == (info == null)) {
            throw DaytonaRefusal.bad("Either an image name or build info must be provided, and not both");
        }
        if (image != null) {
            checkImage(image);
        }
        Build build = info == null
                ? null
                : new Build(
                        info.needed("dockerfileContent"),
                        info.list("contextHashes"),
                        world.time().now());
        DaytonaSnapshot.Plan plan = new DaytonaSnapshot.Plan(
                name,
                image,
                build,
                fields.list("entrypoint"),
                null,
                fields.number("cpu", 1, 1),
                fields.number("memory", 1, 1),
                fields.number("disk", 1, 3));
        // what comes of it is told by its state, so that the answer tells the first one
        synchronized (world.shelf()) {
            return shown(world.shelf().create(organization, plan));
        }
    }

    private static void checkImage(String image) {
        int colon = image.indexOf(':', image.lastIndexOf('/') + 1);
        boolean digest = image.contains("@sha256:");
        if (!digest && (colon < 0 || colon == image.length() - 1)) {
            throw DaytonaRefusal.bad("Image name must include a tag or digest (e.g., ubuntu:22.04)");
        }
        if (!digest && image.endsWith(":latest")) {
            throw DaytonaRefusal.bad("Images with tag \":latest\" are not allowed");
        }
    }

    private Answer list(String organization, Exchange exchange) {
        int page = DaytonaListing.limit(exchange, "page", 1, Integer.MAX_VALUE);
        int limit = DaytonaListing.limit(exchange, "limit", PAGE, LARGEST_PAGE);
        Optional<String> name = exchange.query("name");
        Optional<String> source = exchange.query("sourceSandboxId");
        synchronized (world.shelf()) {
            List<DaytonaSnapshot> all = world.shelf()
                    .snapshots(
                            organization,
                            snapshot -> name.map(snapshot.name::contains).orElse(true)
                                    && source.map(id -> id.equals(snapshot.sourceSandbox))
                                            .orElse(true));
            ObjectNode answer = Json.object();
            ArrayNode items = answer.putArray("items");
            all.stream()
                    .skip((page - 1L) * limit)
                    .limit(limit)
                    .forEach(snapshot -> items.add(world.json().snapshot(snapshot)));
            answer.put("total", all.size()).put("page", page);
            answer.put("totalPages", (all.size() + limit - 1) / limit);
            return Answer.json(200, answer);
        }
    }

    private Answer buildLogsUrl(String organization, Exchange exchange) {
        DaytonaSnapshot snapshot = find(organization, exchange);
        if (snapshot.build == null) {
            throw DaytonaRefusal.missing("Snapshot " + snapshot.id + " has no build info");
        }
        return Answer.json(200, Json.object().put("url", world.buildLogs(snapshot.id)));
    }

    private Answer volumes(String organization, Exchange exchange) {
        boolean deleted = DaytonaControl.flag(exchange, "includeDeleted");
        synchronized (world.shelf()) {
            return array(world.shelf().volumes(organization, deleted), world.json()::volume);
        }
    }

    private static <T> Answer array(List<T> all, Function<T, ObjectNode> written) {
        ArrayNode array = Json.array();
        all.forEach(each -> array.add(written.apply(each)));
        return Answer.json(200, array);
    }

    private Answer createVolume(String organization, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaFields.control(DaytonaControl.body(exchange));
        if (!fields.has("name")) {
            throw DaytonaRefusal.bad("name must be a string");
        }
        String name = fields.text("name", "");
        synchronized (world.shelf()) {
            return shown(world.shelf().createVolume(organization, name));
        }
    }

    private Answer deleteVolume(String organization, Exchange exchange) {
        DaytonaVolume volume = world.shelf().volume(organization, exchange.parameter("volumeId"));
        world.shelf().delete(volume, world.fleet().uses(volume));
        return Answer.empty(200);
    }

    private ObjectNode config() {
        ObjectNode config = Json.object();
        config.put("version", "v0.205.1");
        config.putObject("oidc")
                .put("issuer", world.uri() + "/dex")
                .put("clientId", "daytona")
                .put("audience", "daytona");
        config.put("linkedAccountsEnabled", false);
        config.putObject("announcements");
        config.put("proxyTemplateUrl", world.previews().template());
        config.set("proxyToolboxUrl", world.json().toolboxUrl().get("url"));
        config.put("defaultSnapshot", DaytonaShelf.DEFAULT);
        config.put("dashboardUrl", world.uri() + "/dashboard");
        config.put("maxAutoArchiveInterval", DaytonaLimits.LONGEST_ARCHIVE_MINUTES);
        config.put("maintananceMode", false);
        config.put("environment", "simulator");
        return config;
    }
}

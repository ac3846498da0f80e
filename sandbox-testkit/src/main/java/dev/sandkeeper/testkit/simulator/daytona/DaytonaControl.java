package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The control plane's routes for sandboxes. */
final class DaytonaControl {
    private static final String WRITE = "write:sandboxes";
    private static final String DELETE = "delete:sandboxes";
    private static final String BOX = "/api/sandbox/{sandboxIdOrName}";
    private static final long LONGEST_SSH_MINUTES = 1440;

    private final DaytonaWorld world;
    private final Router router;

    DaytonaControl(DaytonaWorld world, Router router) {
        this.world = world;
        this.router = router;
    }

    /** Answers a request of an organization. */
    @FunctionalInterface
    interface Organized {
        Answer answer(String organization, Exchange exchange) throws IOException, InterruptedException;
    }

    /** Does something with a sandbox under the fleet's lock, so that its answer tells what it began and not what came of it. */
    @FunctionalInterface
    private interface Operation {
        void run(DaytonaBox box, Exchange exchange) throws IOException, InterruptedException;
    }

    void addRoutes() {
        route("POST", "/api/sandbox", WRITE, this::create);
        route("GET", "/api/sandbox", null, this::list);
        route("GET", BOX, null, (organization, exchange) -> shown(find(organization, exchange)));
        operation("DELETE", "", DELETE, (box, exchange) -> world.lifecycle().delete(box));
        operation("POST", "/start", WRITE, (box, exchange) -> {
            if (world.lifecycle().start(box)) {
                world.lifecycle().hold(box);
            }
        });
        operation("POST", "/stop", WRITE, (box, exchange) -> world.lifecycle().stop(box, flag(exchange, "force")));
        operation(
                "POST", "/archive", WRITE, (box, exchange) -> world.lifecycle().archive(box));
        operation(
                "POST", "/recover", WRITE, (box, exchange) -> world.lifecycle().recover(box));
        operation("POST", "/backup", WRITE, (box, exchange) -> world.lifecycle().backup(box));
        operation("POST", "/resize", WRITE, this::resize);
        operation("POST", "/snapshot", WRITE, this::snapshot);
        operation("POST", "/pause", WRITE, (box, exchange) -> onlyMachines());
        operation("POST", "/fork", WRITE, (box, exchange) -> onlyMachines());
        setting(
                "POST",
                "/autostop/{interval}",
                (box, exchange) -> box.autoStop = DaytonaCreation.autoStop(interval(exchange, "interval")));
        setting(
                "POST",
                "/autoarchive/{interval}",
                (box, exchange) -> box.autoArchive = DaytonaCreation.autoArchive(interval(exchange, "interval")));
        setting(
                "POST",
                "/autodelete/{interval}",
                (box, exchange) -> box.autoDelete = Math.max(-1, interval(exchange, "interval")));
        setting("POST", "/autopause/{interval}", (box, exchange) -> autoPause(interval(exchange, "interval")));
        setting("POST", "/ttl/{ttlMinutes}", this::timeToLive);
        setting(
                "POST",
                "/public/{isPublic}",
                (box, exchange) -> box.open = exchange.parameter("isPublic").equals("true"));
        setting("POST", "/network-settings", this::network);
        route("PUT", BOX + "/labels", WRITE, this::labels);
        route("POST", "/api/sandbox/{sandboxId}/last-activity", WRITE, this::activity);
        route("GET", "/api/sandbox/{sandboxId}/toolbox-proxy-url", null, (organization, exchange) -> {
            find(organization, exchange);
            return Answer.json(200, world.json().toolboxUrl());
        });
        route(
                "GET",
                "/api/sandbox/{sandboxId}/signing-key",
                WRITE,
                (organization, exchange) -> Answer.json(200, TextNode.valueOf(key(organization, exchange, false))));
        route(
                "POST",
                "/api/sandbox/{sandboxId}/signing-key/rotate",
                WRITE,
                (organization, exchange) -> Answer.json(200, TextNode.valueOf(key(organization, exchange, true))));
        route("GET", BOX + "/ports/{port}/preview-url", null, this::preview);
        route("GET", BOX + "/ports/{port}/signed-preview-url", null, this::signedPreview);
        route("POST", BOX + "/ports/{port}/signed-preview-url/{token}/expire", null, this::revoke);
        route("GET", BOX + "/build-logs-url", null, this::buildLogsUrl);
        route("POST", BOX + "/ssh-access", WRITE, this::ssh);
        operation(
                "DELETE",
                "/ssh-access",
                WRITE,
                (box, exchange) ->
                        world.previews().endSsh(box, exchange.query("token").orElse("")));
        route("GET", "/api/sandbox/ssh-access/validate", null, (organization, exchange) -> {
            Optional<String> box = world.previews().ssh(exchange.query("token").orElse(""));
            return Answer.json(200, Json.object().put("valid", box.isPresent()).put("sandboxId", box.orElse("")));
        });
    }

    private void route(String method, String template, @Nullable String permission, Organized answer) {
        router.add(method, template, exchange -> {
            exchange.answer(world.answered(exchange, permission, answer));
        });
    }

    private void operation(String method, String template, String permission, Operation operation) {
        route(method, BOX + template, permission, (organization, exchange) -> {
            DaytonaBox box = find(organization, exchange);
            synchronized (world.fleet()) {
                operation.run(box, exchange);
                return shown(box);
            }
        });
    }

    /** What changes no state, and so waits for none. */
    private void setting(String method, String template, Operation operation) {
        operation(method, template, WRITE, (box, exchange) -> {
            operation.run(box, exchange);
            box.updatedAt = world.time().now();
        });
    }

    private DaytonaBox find(String organization, Exchange exchange) {
        String name = exchange.route().contains("{sandboxId}") ? "sandboxId" : "sandboxIdOrName";
        return world.fleet().find(organization, exchange.parameter(name));
    }

    private Answer shown(DaytonaBox box) {
        return Answer.json(200, look(() -> world.json().sandbox(box)));
    }

    private <T> T look(Supplier<T> looking) {
        synchronized (world.fleet()) {
            return looking.get();
        }
    }

    private void change(Runnable changing) {
        synchronized (world.fleet()) {
            changing.run();
        }
    }

    private Answer create(String organization, Exchange exchange) throws IOException, InterruptedException {
        DaytonaOrder order = world.creation()
                .read(
                        organization,
                        DaytonaFields.control(body(exchange)),
                        world.time().now());
        DaytonaBox box;
        Answer first;
        synchronized (world.fleet()) {
            box = world.lifecycle().create(organization, order);
            first = shown(box);
        }
        if (order.build() == null) {
            world.lifecycle().hold(box);
        }
        return first;
    }

    private Answer list(String organization, Exchange exchange) {
        DaytonaListing listing = new DaytonaListing(exchange);
        return Answer.json(
                200,
                look(() -> listing.page(
                        world.fleet().of(organization), world.time().now(), world.listLag(), world.json())));
    }

    private void resize(DaytonaBox box, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaFields.control(body(exchange));
        world.lifecycle().resize(box, size(fields, "cpu"), size(fields, "memory"), size(fields, "disk"));
    }

    private static @Nullable Long size(DaytonaFields fields, String name) {
        return fields.has(name) ? Long.valueOf(fields.number(name, 1, 1)) : null;
    }

    private void snapshot(DaytonaBox box, Exchange exchange) throws IOException {
        world.lifecycle().snapshot(box, DaytonaFields.control(body(exchange)).needed("name"));
    }

    private static void onlyMachines() {
        throw DaytonaRefusal.of(422, "This operation is not supported for sandboxes of class container");
    }

    private static void autoPause(long minutes) {
        if (minutes > 0) {
            throw DaytonaRefusal.bad("Auto-pause is not supported for sandboxes of class container");
        }
    }

    private void timeToLive(DaytonaBox box, Exchange exchange) {
        long minutes = interval(exchange, "ttlMinutes");
        if (minutes < 0) {
            throw DaytonaRefusal.bad("TTL must be non-negative");
        }
        box.livesFor(minutes, world.time().now());
    }

    private void network(DaytonaBox box, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaFields.control(body(exchange));
        boolean blocks = fields.has("networkBlockAll");
        boolean networks = fields.has("networkAllowList");
        boolean domains = fields.has("domainAllowList");
        if (!blocks && !networks && !domains) {
            throw DaytonaRefusal.bad(
                    "At least one of networkBlockAll, networkAllowList or domainAllowList must be provided");
        }
        String ranges = DaytonaCreation.networkAllowList(fields.text("networkAllowList"));
        String names = DaytonaCreation.domainAllowList(fields.text("domainAllowList"));
        if (blocks) {
            box.networkBlocked = fields.flag("networkBlockAll");
        }
        if (blocks && box.networkBlocked) {
            box.networkAllowList = null;
            box.domainAllowList = null;
            return;
        }
        if (networks) {
            box.networkAllowList = ranges;
            box.networkBlocked = false;
        }
        if (domains) {
            box.domainAllowList = names;
            box.networkBlocked = false;
        }
    }

    private Answer labels(String organization, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaFields.control(body(exchange));
        if (!fields.has("labels")) {
            throw DaytonaRefusal.bad("labels must be an object");
        }
        var labels = fields.texts("labels");
        DaytonaBox box = find(organization, exchange);
        change(() -> {
            box.labels = labels;
            box.updatedAt = world.time().now();
        });
        ObjectNode answer = Json.object();
        answer.set("labels", DaytonaJson.map(labels));
        return Answer.json(200, answer);
    }

    private Answer activity(String organization, Exchange exchange) throws IOException {
        DaytonaFields.control(body(exchange)).text("activityType");
        DaytonaBox box = find(organization, exchange);
        change(() -> box.lastActivityAt = world.time().now());
        return Answer.empty(201);
    }

    private String key(String organization, Exchange exchange, boolean rotate) {
        DaytonaBox box = find(organization, exchange);
        return look(() -> {
            if (rotate) {
                box.signingKey = DaytonaTokens.signingKey();
            }
            return box.signingKey;
        });
    }

    private Answer preview(String organization, Exchange exchange) {
        int port = DaytonaPreviews.port(exchange.parameter("port"));
        DaytonaBox box = find(organization, exchange);
        return Answer.json(200, look(() -> world.previews().plain(box, port)));
    }

    private Answer signedPreview(String organization, Exchange exchange) {
        int port = DaytonaPreviews.port(exchange.parameter("port"));
        long seconds = number(exchange.query("expiresInSeconds"), "expiresInSeconds", 60);
        DaytonaBox box = find(organization, exchange);
        return Answer.json(200, look(() -> world.previews().sign(box, port, seconds)));
    }

    private Answer revoke(String organization, Exchange exchange) {
        int port = DaytonaPreviews.port(exchange.parameter("port"));
        world.previews().revoke(find(organization, exchange), port, exchange.parameter("token"));
        return Answer.empty(200);
    }

    private Answer buildLogsUrl(String organization, Exchange exchange) {
        DaytonaBox box = find(organization, exchange);
        if (box.order.build() == null) {
            throw DaytonaRefusal.missing("Sandbox " + box.id + " has no build info");
        }
        return Answer.json(200, Json.object().put("url", world.buildLogs(box.id)));
    }

    private Answer ssh(String organization, Exchange exchange) {
        long minutes = number(exchange.query("expiresInMinutes"), "expiresInMinutes", 60);
        if (minutes < 1 || minutes > LONGEST_SSH_MINUTES) {
            throw DaytonaRefusal.bad("expiresInMinutes must be from 1 to " + LONGEST_SSH_MINUTES);
        }
        DaytonaBox box = find(organization, exchange);
        return Answer.json(200, world.previews().giveSsh(box, minutes));
    }

    /** What no JSON parser of the server looks at is as good as an empty object. */
    static JsonNode body(Exchange exchange) throws IOException {
        byte[] bytes = exchange.bytes();
        if (bytes.length == 0 || !exchange.contentType().equals("application/json")) {
            return Json.object();
        }
        JsonNode body;
        try {
            body = Json.read(bytes);
        } catch (IOException e) {
            throw DaytonaRefusal.bad("Unexpected token in JSON: " + e.getMessage());
        }
        if (!body.isObject()) {
            throw DaytonaRefusal.bad("the body must be an object");
        }
        return body;
    }

    static boolean flag(Exchange exchange, String name) {
        return exchange.query(name).filter("true"::equals).isPresent();
    }

    private static long interval(Exchange exchange, String name) {
        return number(Optional.of(exchange.parameter(name)), name, 0);
    }

    private static long number(Optional<String> text, String name, long otherwise) {
        if (text.isPresent() && !text.get().matches("-?[0-9]{1,9}")) {
            throw DaytonaRefusal.bad("Validation failed (numeric string is expected): " + name);
        }
        return text.map(Long::valueOf).orElse(otherwise);
    }
}

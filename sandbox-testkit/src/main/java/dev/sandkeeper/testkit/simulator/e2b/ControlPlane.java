package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Fields;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Refusal;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The routes of the control plane. */
final class ControlPlane {
    private static final String SANDBOX = "/sandboxes/{sandboxID}";

    private final Fleet fleet;
    private final Settings settings;

    ControlPlane(Fleet fleet, Settings settings) {
        this.fleet = fleet;
        this.settings = settings;
    }

    void addTo(Router router) {
        router.add("GET", "/health", exchange -> exchange.answer(204))
                .add("POST", "/sandboxes", exchange -> create(exchange, 1))
                .add("POST", "/v2/sandboxes", exchange -> create(exchange, 2))
                .add("GET", "/sandboxes", this::listRunning)
                .add("GET", "/v2/sandboxes", this::list)
                .add("GET", "/sandboxes/metrics", this::metricsOfSeveral)
                .add("GET", SANDBOX, exchange -> exchange.answer(200, Shapes.detail(fleet.get(id(exchange)))))
                .add("DELETE", SANDBOX, this::kill)
                .add("POST", SANDBOX + "/timeout", this::timeout)
                .add("POST", SANDBOX + "/refreshes", this::refresh)
                .add("POST", SANDBOX + "/pause", this::pause)
                .add("POST", SANDBOX + "/connect", exchange -> connect(exchange, 1))
                .add("POST", "/v2/sandboxes/{sandboxID}/connect", exchange -> connect(exchange, 2))
                .add("POST", SANDBOX + "/resume", this::resume)
                .add("POST", SANDBOX + "/snapshots", this::snapshot)
                .add("GET", "/snapshots", this::listSnapshots)
                .add("DELETE", "/templates/{templateID}", this::deleteTemplate)
                .add("POST", SANDBOX + "/fork", this::fork)
                .add("PUT", SANDBOX + "/network", this::network)
                .add("GET", SANDBOX + "/metrics", this::metrics)
                .add("GET", SANDBOX + "/logs", this::logs)
                .add("GET", "/v2/sandboxes/{sandboxID}/logs", this::logs);
    }

    private static String id(Exchange exchange) {
        String id = exchange.parameter("sandboxID").split("-", 2)[0];
        if (!id.matches("[a-z0-9]+")) {
            throw ApiErrors.badRequest("Invalid sandbox ID");
        }
        return id;
    }

    /** The body's fields; a body that may be left out counts as empty. */
    private static Fields fields(Exchange exchange, boolean optional, String... allowed) throws IOException {
        return Fields.of(body(exchange, optional), ApiErrors::invalid, allowed);
    }

    private static byte[] body(Exchange exchange, boolean optional) throws IOException {
        byte[] bytes = exchange.bytes();
        if (bytes.length == 0 && optional) {
            return Json.bytes(Json.object());
        }
        if (bytes.length == 0) {
            throw ApiErrors.badRequest("validation error: request body has an error: value is required but missing");
        }
        if (!exchange.contentType().equals("application/json")) {
            throw ApiErrors.badRequest(
                    "validation error: request body has an error: header Content-Type has unexpected value \""
                            + exchange.contentType() + "\"");
        }
        return bytes;
    }

    private void create(Exchange exchange, int version) throws IOException {
        NewSandbox request = NewSandbox.read(body(exchange, false), version, settings.longestLife());
        exchange.answer(201, Shapes.sandbox(fleet.create(request)));
    }

    private void listRunning(Exchange exchange) {
        var metadata = ListQuery.metadata(exchange);
        ArrayNode list = Json.array();
        fleet.listed().stream()
                .filter(each -> !each.showsPaused())
                .filter(each -> each.request().metadata().entrySet().containsAll(metadata.entrySet()))
                .forEach(each -> list.add(Shapes.listed(each)));
        exchange.answer(200, list);
    }

    private void list(Exchange exchange) {
        ListQuery.Page page = ListQuery.of(exchange).page(fleet.listed());
        ArrayNode list = Json.array();
        page.sandboxes().forEach(each -> list.add(Shapes.listed(each)));
        Answer answer = Answer.json(200, list);
        if (page.next() != null) {
            answer = answer.header("X-Next-Token", page.next());
        }
        if (page.countsRunning()) {
            answer = answer.header("X-Total-Running", Long.toString(page.running()));
        }
        exchange.answer(answer);
    }

    private void kill(Exchange exchange) {
        SimulatedSandbox sandbox = fleet.findEnding(id(exchange)).orElseThrow(() -> ApiErrors.notFound(id(exchange)));
        boolean ended = fleet.kill(sandbox);
        if (!ended && sandbox.state() == SimulatedSandbox.State.GONE) {
            throw ApiErrors.notFound(sandbox.id());
        }
        exchange.answer(204);
    }

    private void timeout(Exchange exchange) throws IOException {
        Fields fields = fields(exchange, false, "timeout");
        long seconds = fields.number("timeout", 0, Integer.MAX_VALUE)
                .orElseThrow(() -> ApiErrors.invalid("property \"timeout\" is missing"));
        fleet.endIn(fleet.get(id(exchange)), Duration.ofSeconds(seconds), false);
        exchange.answer(204);
    }

    private void refresh(Exchange exchange) throws IOException {
        long seconds =
                fields(exchange, true, "duration").number("duration", 0, 3600).orElse(15L);
        fleet.endIn(fleet.get(id(exchange)), Duration.ofSeconds(Math.max(15, seconds)), true);
        exchange.answer(204);
    }

    private void pause(Exchange exchange) throws IOException {
        fields(exchange, true, "memory").flag("memory");
        fleet.pause(fleet.get(id(exchange)));
        exchange.answer(204);
    }

    private void connect(Exchange exchange, int version) throws IOException {
        Fields fields = fields(exchange, version == 2, "timeout", "memory");
        fields.flag("memory");
        if (version == 1 && !fields.has("timeout")) {
            throw ApiErrors.invalid("property \"timeout\" is missing");
        }
        Duration timeout = NewSandbox.timeout(fields, "timeout", 300, settings.longestLife());
        SimulatedSandbox sandbox = fleet.findEnding(id(exchange)).orElseThrow(() -> ApiErrors.notFound(id(exchange)));
        if (sandbox.gone()) {
            throw ApiErrors.transitioning(sandbox.id());
        }
        boolean resumed = fleet.resume(fleet.get(sandbox.id()), timeout);
        if (!resumed) {
            fleet.endIn(sandbox, timeout, true);
        }
        exchange.answer(resumed ? 201 : 200, Shapes.sandbox(sandbox));
    }

    private void resume(Exchange exchange) throws IOException {
        Fields fields = fields(exchange, false, "timeout", "autoPause", "memory");
        Duration timeout = NewSandbox.timeout(fields, "timeout", 15, settings.longestLife());
        SimulatedSandbox sandbox = fleet.get(id(exchange));
        if (!fleet.resume(sandbox, timeout)) {
            throw ApiErrors.refusal(409, "Sandbox " + sandbox.id() + " is already running");
        }
        exchange.answer(201, Shapes.sandbox(sandbox));
    }

    private void snapshot(Exchange exchange) throws IOException {
        Optional<String> name = fields(exchange, false, "name").text("name");
        name.filter(text -> !text.matches("[a-z0-9-_]+")).ifPresent(text -> {
            throw ApiErrors.badRequest("Invalid snapshot name: " + text);
        });
        SimulatedSandbox sandbox = fleet.get(id(exchange));
        if (sandbox.showsPaused()) {
            throw ApiErrors.refusal(409, "Sandbox " + sandbox.id() + " is not running");
        }
        exchange.answer(201, fleet.snapshot(sandbox, name.orElse(null)).shape());
    }

    private void listSnapshots(Exchange exchange) {
        List<Snapshots.Snapshot> all = fleet.snapshots().list(exchange.query("sandboxID"), exchange.query("name"));
        int limit = Integer.parseInt(exchange.query("limit")
                .filter(text -> text.matches("[0-9]{1,3}"))
                .orElse("100"));
        List<Snapshots.Snapshot> rest = all.stream()
                .filter(each -> exchange.query("nextToken")
                        .map(last -> each.id().compareTo(last) > 0)
                        .orElse(true))
                .toList();
        ArrayNode list = Json.array();
        rest.stream().limit(limit).forEach(each -> list.add(each.shape()));
        Answer answer = Answer.json(200, list);
        exchange.answer(
                rest.size() > limit
                        ? answer.header("X-Next-Token", rest.get(limit - 1).id())
                        : answer);
    }

    private void deleteTemplate(Exchange exchange) {
        String id = exchange.parameter("templateID");
        if (!fleet.snapshots().remove(id)) {
            throw ApiErrors.noTemplate(id);
        }
        exchange.answer(204);
    }

    private void fork(Exchange exchange) throws IOException {
        Fields fields = fields(exchange, true, "timeout", "count");
        Duration timeout = NewSandbox.timeout(fields, "timeout", 15, settings.longestLife());
        long count = fields.number("count", 1, 100).orElse(1L);
        SimulatedSandbox source = fleet.get(id(exchange));
        if (source.showsPaused()) {
            throw ApiErrors.refusal(409, "Sandbox " + source.id() + " is not running");
        }
        ArrayNode forks = Json.array();
        for (int i = 0; i < count; i++) {
            ObjectNode entry = forks.addObject();
            try {
                entry.set("sandbox", Shapes.sandbox(fleet.fork(source, timeout)));
            } catch (Refusal e) {
                entry.set("error", Json.read(e.answer().body()));
            }
        }
        exchange.answer(201, forks);
    }

    private void network(Exchange exchange) throws IOException {
        byte[] body = body(exchange, false);
        Fields fields = Fields.of(
                body, ApiErrors::invalid, "allowOut", "denyOut", "allow_internet_access", "rules", "egressProxy");
        NewSandbox.checkRules(fields);
        fields.flag("allow_internet_access");
        SimulatedSandbox sandbox = fleet.get(id(exchange));
        if (sandbox.showsPaused()) {
            throw ApiErrors.refusal(409, "Sandbox " + sandbox.id() + " is not running");
        }
        ObjectNode rules = (ObjectNode) Json.read(body);
        rules.remove("allow_internet_access");
        sandbox.network(rules);
        exchange.answer(204);
    }

    private void metrics(Exchange exchange) {
        for (String name : List.of("start", "end")) {
            exchange.query(name).filter(text -> !text.matches("[0-9]+")).ifPresent(text -> {
                throw ApiErrors.badRequest("validation error: parameter \"" + name + "\" in query has an error");
            });
        }
        SimulatedSandbox sandbox = fleet.get(id(exchange));
        ArrayNode metrics = Json.array();
        if (!sandbox.showsPaused()) {
            metrics.add(Shapes.metric(sandbox, fleet.now()));
        }
        exchange.answer(200, metrics);
    }

    private void metricsOfSeveral(Exchange exchange) {
        List<String> ids = List.of(exchange.query("sandbox_ids")
                .orElseThrow(
                        () -> ApiErrors.badRequest("validation error: parameter \"sandbox_ids\" in query has an error"))
                .split(",", -1));
        if (ids.size() > 100) {
            throw ApiErrors.badRequest("validation error: parameter \"sandbox_ids\" in query has an error");
        }
        ObjectNode answer = Json.object();
        ObjectNode sandboxes = answer.putObject("sandboxes");
        ids.forEach(id -> fleet.find(id)
                .filter(each -> !each.showsPaused())
                .ifPresent(each -> sandboxes.set(id, Shapes.metric(each, fleet.now()))));
        exchange.answer(200, answer);
    }

    private void logs(Exchange exchange) {
        ObjectNode answer = Json.object();
        answer.putArray("logs");
        if (!exchange.path().startsWith("/v2/")) {
            fleet.get(id(exchange));
            answer.putArray("logEntries");
        }
        exchange.answer(200, answer);
    }
}

package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Machines from their creation to their end. */
final class FlyMachineRoutes {
    static final String MACHINES = "/v1/apps/{app}/machines";
    static final String MACHINE = MACHINES + "/{machine}";
    private static final Set<String> WAITED_FOR =
            Set.of("started", "stopped", "suspended", "destroyed", "failed", "settled");
    private static final Set<String> DESTROYED_WITHOUT_FORCE = Set.of("stopped", "suspended", "failed", "created");

    private final FlyFleet fleet;
    private final FlyFields fields;
    private final FlyNames names;
    private final FlySettings settings;

    FlyMachineRoutes(FlyFleet fleet, FlyFields fields, FlyNames names, FlySettings settings) {
        this.fleet = fleet;
        this.fields = fields;
        this.names = names;
        this.settings = settings;
    }

    void addTo(Router router) {
        router.add("GET", MACHINES, this::list)
                .add("POST", MACHINES, this::create)
                .add(
                        "GET",
                        MACHINE,
                        exchange -> exchange.answer(
                                200, fleet.alone(() -> machine(exchange).json(false, names::told))))
                .add("POST", MACHINE, this::update)
                .add("DELETE", MACHINE, this::destroy)
                .add("GET", MACHINE + "/wait", this::await)
                .add("GET", MACHINE + "/events", this::events)
                .add("POST", MACHINE + "/start", this::start)
                .add("POST", MACHINE + "/stop", this::stop)
                .add("POST", MACHINE + "/suspend", this::suspend)
                .add("POST", MACHINE + "/cordon", exchange -> cordon(exchange, true))
                .add("POST", MACHINE + "/uncordon", exchange -> cordon(exchange, false));
    }

    private FlyMachine machine(Exchange exchange) {
        return fleet.machine(exchange.parameter("app"), exchange.parameter("machine"));
    }

    static ObjectNode ok() {
        return Json.object().put("ok", true);
    }

    private static boolean flag(Exchange exchange, String name) {
        return exchange.query(name).orElse("false").equals("true");
    }

    private void list(Exchange exchange) {
        Predicate<FlyMachine> filter = machine -> true;
        for (String name : exchange.queryNames()) {
            if (name.startsWith("metadata.")) {
                String key = name.substring("metadata.".length());
                String value = exchange.query(name).orElse("");
                filter = filter.and(machine -> machine.metadata(key).equals(value));
            }
        }
        String region = exchange.query("region").orElse("");
        List<String> states = Arrays.asList(exchange.query("state").orElse("").split(",", -1));
        filter = filter.and(machine -> region.isEmpty() || machine.region.equals(region))
                .and(machine -> states.contains("") || states.contains(machine.state));
        Predicate<FlyMachine> wanted = filter;
        ArrayNode all = Json.array();
        fleet.alone(() -> all.addAll(fleet.list(
                fleet.app(exchange.parameter("app")),
                flag(exchange, "include_deleted"),
                flag(exchange, "summary"),
                wanted)));
        exchange.answer(200, all);
    }

    private void create(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "create");
        if (!(body.get("config") instanceof ObjectNode config)) {
            throw FlyRefusal.invalid("config is required");
        }
        FlyGuestRules.check(config);
        String region = FlyRegions.choose(body.path("region").asText(""), settings.regions(), settings.full());
        FlyMachine made = fleet.alone(() -> fleet.create(
                fleet.app(exchange.parameter("app")),
                body.path("name").asText(names.word(12)),
                region,
                config.deepCopy(),
                !body.path("skip_launch").asBoolean(false)));
        ObjectNode answer = fleet.alone(() -> {
            ObjectNode json = made.json(false, names::told).put("state", "created");
            int ttl = body.path("lease_ttl").asInt(0);
            if (ttl > 0) {
                made.leaseNonce = names.word(12);
                made.leaseEnd = fleet.now().plusSeconds(ttl);
                json.put("nonce", made.leaseNonce);
            }
            return json;
        });
        exchange.answer(200, answer);
    }

    private void update(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "update");
        if (!(body.get("config") instanceof ObjectNode config)) {
            throw FlyRefusal.invalid("config is required");
        }
        FlyGuestRules.check(config);
        exchange.answer(200, fleet.alone(() -> {
            FlyMachine machine = machine(exchange);
            FlyLeaseRoutes.refuseIfLeased(exchange, machine, fleet.now());
            String version = body.path("current_version").asText("");
            if (!version.isEmpty() && !version.equals(machine.instanceId)) {
                throw FlyRefusal.aborted("machine update failed due to concurrent update");
            }
            machine.config = config.deepCopy();
            machine.instanceId = names.ulid();
            machine.updatedAt = fleet.now();
            return machine.json(false, names::told);
        }));
    }

    private void destroy(Exchange exchange) throws InterruptedException {
        boolean force = flag(exchange, "force") || flag(exchange, "kill");
        FlyMachine machine = fleet.alone(() -> machine(exchange));
        awaitLease(exchange, machine);
        fleet.alone(() -> {
            if (machine.isDestroyed() && !force) {
                throw FlyRefusal.noMachine();
            }
            if (!force && !DESTROYED_WITHOUT_FORCE.contains(machine.state)) {
                throw FlyRefusal.precondition(
                        "unable to destroy machine, not currently stopped, suspended, failed or created");
            }
            fleet.destroy(machine);
            return machine;
        });
        exchange.answer(200, ok());
    }

    /** Whoever has no nonce is not refused here, but waits until the lease has run out. */
    private void awaitLease(Exchange exchange, FlyMachine machine) throws InterruptedException {
        String nonce = exchange.header(FlyLeaseRoutes.NONCE).orElse("");
        boolean free = fleet.await(
                machine, each -> !each.leasedAt(fleet.now()) || nonce.equals(each.leaseNonce), Duration.ofMinutes(5));
        if (!free) {
            throw FlyRefusal.late("machine is leased");
        }
    }

    private void await(Exchange exchange) throws InterruptedException {
        FlyMachine machine = fleet.alone(() -> machine(exchange));
        List<String> states = exchange.queries("state").stream()
                .flatMap(value -> Arrays.stream(value.split(",", -1)))
                .toList();
        List<String> wanted = states.isEmpty() ? List.of("started") : states;
        if (!WAITED_FOR.containsAll(wanted)) {
            throw FlyRefusal.invalid("unknown state " + String.join(",", wanted));
        }
        String version = exchange.query("version")
                .or(() -> exchange.query("instance_id"))
                .orElse("");
        if (wanted.contains("stopped") && version.isEmpty()) {
            throw FlyRefusal.invalid("instance_id is required when waiting for stopped");
        }
        int seconds = seconds(exchange.query("timeout").orElse("60"));
        if (!version.isEmpty() && !version.equals(fleet.alone(() -> machine.instanceId))) {
            throw FlyRefusal.badRequest("machine version " + version + " is currently replaced");
        }
        boolean reached = fleet.await(
                machine,
                each -> wanted.contains(each.state)
                        || (wanted.contains("settled") && FlyMachine.RESTING.contains(each.state)),
                Duration.ofSeconds(seconds));
        if (!reached) {
            throw FlyRefusal.late("machine failed to reach desired state, " + String.join(",", wanted) + ", currently "
                    + fleet.alone(() -> machine.state));
        }
        exchange.answer(
                200,
                fleet.alone(() -> ok().put("state", machine.state)
                        .put("version", machine.instanceId)
                        .put("event_id", names.ulid())));
    }

    private static int seconds(String text) {
        String digits = text.endsWith("s") ? text.substring(0, text.length() - 1) : text;
        if (!digits.matches("[0-9]{1,6}")) {
            throw FlyRefusal.badRequest("invalid timeout");
        }
        int seconds = Integer.parseInt(digits);
        if (seconds < 1 || seconds > 60) {
            throw FlyRefusal.invalid("timeout must be in the range [1s, 1m0s]");
        }
        return seconds;
    }

    private void events(Exchange exchange) {
        int limit = Math.min(50, Integer.parseInt(exchange.query("limit").orElse("20")));
        exchange.answer(200, fleet.alone(() -> machine(exchange).events(limit)));
    }

    private void start(Exchange exchange) {
        exchange.answer(200, fleet.alone(() -> {
            FlyMachine machine = machine(exchange);
            FlyLeaseRoutes.refuseIfLeased(exchange, machine, fleet.now());
            String before = machine.state;
            if ((machine.active != null && machine.active.isAfter(fleet.now())) || before.equals("stopping")) {
                throw FlyRefusal.precondition("machine still active, refusing to start");
            }
            if (before.equals("starting")) {
                throw FlyRefusal.precondition("machine still attempting to start");
            }
            if (before.equals("suspended")) {
                fleet.suspend(machine, false);
            } else if (before.equals("stopped")) {
                machine.move("starting", "start", "user", names.ulid(), fleet.now());
                fleet.boot(machine, "started");
            } else {
                throw FlyRefusal.precondition("unable to start machine from current state: '" + before + "'");
            }
            return Json.object()
                    .put("previous_state", before)
                    .put("migrated", false)
                    .put("new_host", "");
        }));
    }

    private void stop(Exchange exchange) throws IOException, InterruptedException {
        JsonNode body = fields.read(exchange, "stop");
        if (body.has("timeout")) {
            FlyGuestRules.duration(body.path("timeout").asText());
        }
        FlyMachine machine = fleet.alone(() -> machine(exchange));
        awaitLease(exchange, machine);
        fleet.alone(() -> {
            fleet.stop(machine);
            return machine;
        });
        exchange.answer(200, ok());
    }

    private void suspend(Exchange exchange) {
        fleet.alone(() -> {
            FlyMachine machine = machine(exchange);
            if (!machine.state.equals("started")) {
                throw FlyRefusal.precondition("unable to suspend machine from current state: '" + machine.state + "'");
            }
            if (machine.config.path("init").path("swap_size_mb").asInt(0) > 0) {
                throw FlyRefusal.precondition("unable to suspend machine with swap");
            }
            fleet.suspend(machine, true);
            return machine;
        });
        exchange.answer(200, ok());
    }

    private void cordon(Exchange exchange, boolean cordoned) {
        fleet.alone(() -> {
            machine(exchange).cordoned = cordoned;
            return exchange;
        });
        exchange.answer(200, ok());
    }
}

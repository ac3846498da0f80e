package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/** Leases and metadata of Machines. */
final class FlyLeaseRoutes {
    static final String NONCE = "fly-machine-lease-nonce";
    private static final String LEASE = FlyMachineRoutes.MACHINE + "/lease";
    private static final String METADATA = FlyMachineRoutes.MACHINE + "/metadata";

    private final FlyFleet fleet;
    private final FlyFields fields;
    private final FlyNames names;

    FlyLeaseRoutes(FlyFleet fleet, FlyFields fields, FlyNames names) {
        this.fleet = fleet;
        this.fields = fields;
        this.names = names;
    }

    void addTo(Router router) {
        router.add("GET", LEASE, exchange -> exchange.answer(200, fleet.alone(() -> lease(leased(exchange)))))
                .add("POST", LEASE, this::take)
                .add("DELETE", LEASE, this::release)
                .add(
                        "GET",
                        METADATA,
                        exchange -> exchange.answer(
                                200,
                                fleet.alone(() -> machine(exchange).metadata().deepCopy())))
                .add("PUT", METADATA, exchange -> replace(exchange, true))
                .add("PATCH", METADATA, exchange -> replace(exchange, false))
                .add("GET", METADATA + "/{key}", this::value)
                .add("POST", METADATA + "/{key}", this::set)
                .add("DELETE", METADATA + "/{key}", this::remove);
    }

    private FlyMachine machine(Exchange exchange) {
        return fleet.machine(exchange.parameter("app"), exchange.parameter("machine"));
    }

    /** Must be called alone. */
    static void refuseIfLeased(Exchange exchange, FlyMachine machine, Instant now) {
        if (machine.leasedAt(now) && !exchange.header(NONCE).orElse("").equals(machine.leaseNonce)) {
            throw FlyRefusal.of(409, "machine ID " + machine.id + " lease currently held by another", null);
        }
    }

    private FlyMachine leased(Exchange exchange) {
        FlyMachine machine = machine(exchange);
        if (!machine.leasedAt(fleet.now())) {
            throw FlyRefusal.of(404, "lease not found", null);
        }
        return machine;
    }

    private static ObjectNode lease(FlyMachine machine) {
        ObjectNode envelope = Json.object().put("status", "success");
        envelope.putObject("data")
                .put("nonce", machine.leaseNonce)
                .put("expires_at", machine.leaseEnd == null ? 0 : machine.leaseEnd.getEpochSecond())
                .put("owner", "simulator")
                .put("description", machine.leaseDescription)
                .put("version", machine.instanceId);
        return envelope;
    }

    private void take(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "lease");
        int ttl = body.path("ttl").asInt(Integer.parseInt(exchange.query("ttl").orElse("60")));
        exchange.answer(201, fleet.alone(() -> {
            FlyMachine machine = machine(exchange);
            refuseIfLeased(exchange, machine, fleet.now());
            if (!machine.leasedAt(fleet.now())) {
                machine.leaseNonce = names.word(12);
                machine.leaseDescription = body.path("description").asText("");
            }
            machine.leaseEnd = fleet.now().plusSeconds(ttl);
            return lease(machine);
        }));
    }

    private void release(Exchange exchange) {
        fleet.alone(() -> {
            FlyMachine machine = leased(exchange);
            refuseIfLeased(exchange, machine, fleet.now());
            machine.leaseEnd = null;
            machine.leaseNonce = null;
            return machine;
        });
        ObjectNode envelope = Json.object().put("status", "success");
        envelope.putObject("data").put("ok", true);
        exchange.answer(200, envelope);
    }

    private void replace(Exchange exchange, boolean all) throws IOException {
        JsonNode body = fields.read(exchange, "metadata");
        fleet.alone(() -> {
            FlyMachine machine = machine(exchange);
            String version = body.path("machine_version").asText("");
            if (!version.isEmpty() && !version.equals(machine.instanceId)) {
                throw FlyRefusal.precondition("machine version has changed");
            }
            if (all) {
                machine.metadata().removeAll();
            }
            body.path("metadata").properties().forEach(entry -> {
                if (entry.getValue().asText("").isEmpty()) {
                    machine.metadata().remove(entry.getKey());
                } else {
                    machine.metadata().put(entry.getKey(), entry.getValue().asText());
                }
            });
            return machine;
        });
        exchange.answer(204);
    }

    private void value(Exchange exchange) {
        exchange.answer(200, fleet.alone(() -> {
            String value = machine(exchange).metadata(exchange.parameter("key"));
            if (value.isEmpty()) {
                throw FlyRefusal.of(404, "metadata key not found", null);
            }
            return Json.object().put("value", value);
        }));
    }

    private void set(Exchange exchange) throws IOException {
        JsonNode body = fields.read(exchange, "value");
        fleet.alone(() -> machine(exchange)
                .metadata()
                .put(exchange.parameter("key"), body.path("value").asText()));
        exchange.answer(204);
    }

    private void remove(Exchange exchange) {
        fleet.alone(() -> {
            machine(exchange).metadata().remove(List.of(exchange.parameter("key")));
            return exchange;
        });
        exchange.answer(204);
    }
}

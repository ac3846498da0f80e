package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;

/** The routes of the daemon in every sandbox. */
final class Envd {
    private static final long MB = 1024 * 1024;

    private final Gate gate;
    private final SimulatorServer server;

    Envd(Gate gate, SimulatorServer server) {
        this.gate = gate;
        this.server = server;
    }

    void addTo(Router router) {
        router.add("GET", "/health", this::health)
                .add("GET", "/metrics", this::metrics)
                .add("GET", "/envs", this::environment);
        FileTransfer files = new FileTransfer(gate);
        files.addTo(router);
        files.addComposeTo(router);
        new Processes(gate, server).addTo(router);
        new Filesystem(gate, server).addTo(router);
    }

    private void health(Exchange exchange) {
        SimulatedSandbox sandbox = gate.sandbox(exchange);
        exchange.answer(sandbox.gone() ? 502 : 204);
    }

    private void metrics(Exchange exchange) {
        SimulatedSandbox sandbox = gate.admitted(exchange);
        ResourceUsage usage = sandbox.machine().usage().orElse(new ResourceUsage(null, null, null, null));
        long used = Shapes.known(usage.memoryBytes());
        exchange.answer(
                200,
                Json.object()
                        .put("ts", gate.now().getEpochSecond())
                        .put("cpu_count", Settings.CPUS)
                        .put("cpu_used_pct", 0.5)
                        .put("mem_total", Settings.MEMORY_MB * MB)
                        .put("mem_used", used)
                        .put("mem_total_mib", Settings.MEMORY_MB)
                        .put("mem_used_mib", used / MB)
                        .put("disk_used", Shapes.known(usage.diskBytes()))
                        .put("disk_total", Settings.DISK_MB * MB));
    }

    private void environment(Exchange exchange) {
        SimulatedSandbox sandbox = gate.admitted(exchange);
        ObjectNode variables = Json.object();
        sandbox.request().environment().forEach(variables::put);
        variables
                .put("E2B_SANDBOX", "true")
                .put("E2B_SANDBOX_ID", sandbox.id())
                .put("E2B_TEMPLATE_ID", sandbox.templateId());
        exchange.answer(200, variables);
    }
}

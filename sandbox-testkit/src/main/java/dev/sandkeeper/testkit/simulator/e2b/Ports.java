package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.util.List;

/** Ports of a sandbox other than the daemon's. */
final class Ports {
    private final Gate gate;

    Ports(Gate gate) {
        this.gate = gate;
    }

    void addTo(Router router) {
        for (String method : List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")) {
            router.add(method, "/{path*}", this::forward);
        }
    }

    private void forward(Exchange exchange) {
        SimulatedSandbox sandbox = gate.sandbox(exchange);
        String wanted = sandbox.trafficToken();
        if (wanted != null) {
            String header = "e2b-traffic-access-token";
            String given = exchange.header(header)
                    .orElseThrow(() -> Gate.refusal(
                            403,
                            sandbox.id(),
                            "Sandbox is secured with traffic access token. Token header '" + header + "' is missing"));
            if (!given.equals(wanted)) {
                throw Gate.refusal(403, sandbox.id(), "Provided token in header '" + header + "' is invalid");
            }
        }
        Gate.Target target = gate.target(exchange);
        throw Gate.portClosed(sandbox.id(), target == null ? 0 : target.port());
    }
}

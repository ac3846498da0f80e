package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Manners;
import dev.sandkeeper.testkit.simulator.internal.Router;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Tells requests of the control plane from those to sandboxes, and what holds for all of each. */
final class Api implements Manners {
    private final Settings settings;
    private volatile @Nullable Routes connected;

    Api(Settings settings) {
        this.settings = settings;
    }

    private static final class Routes {
        private final Gate gate;
        private final Router control = new Router();
        private final Router daemon = new Router();
        private final Router ports = new Router();

        Routes(Fleet fleet, SimulatorServer server, Settings settings) {
            gate = new Gate(fleet);
            new ControlPlane(fleet, settings).addTo(control);
            // A signed URL names no sandbox.
            new FileTransfer(gate).addTo(control);
            new Envd(gate, server).addTo(daemon);
            new Ports(gate).addTo(ports);
        }
    }

    /** Before the server listens, which all of these need themselves. */
    void connect(Fleet fleet, SimulatorServer server) {
        connected = new Routes(fleet, server, settings);
    }

    private Routes all() {
        Routes routes = connected;
        if (routes == null) {
            throw new IllegalStateException("not connected");
        }
        return routes;
    }

    List<String> routes() {
        return Stream.concat(all().control.names().stream(), all().daemon.names().stream())
                .distinct()
                .toList();
    }

    @Override
    public Router router(Exchange exchange) {
        Gate.Target target = all().gate.target(exchange);
        if (target == null) {
            return all().control;
        }
        return target.port() == Gate.DAEMON_PORT ? all().daemon : all().ports;
    }

    @Override
    public void check(Exchange exchange) {
        if (all().gate.target(exchange) != null
                || exchange.path().equals("/health")
                || exchange.path().equals("/files")) {
            return;
        }
        String key = exchange.header("X-API-Key").orElse("");
        if (key.isEmpty()) {
            throw ApiErrors.refusal(401, "authorization header is missing");
        }
        if (!key.startsWith("e2b_")) {
            throw ApiErrors.refusal(401, "authorization header is malformed");
        }
        if (!key.substring(4).matches("([0-9a-fA-F]{2})+")) {
            throw ApiErrors.badKey("Invalid API key format");
        }
        if (!key.equals(settings.apiKey())) {
            throw ApiErrors.badKey("Cannot get the team for the given API key");
        }
    }

    @Override
    public Answer error(int status, String message) {
        return ApiErrors.error(status, message);
    }

    @Override
    public Answer noRoute(Exchange exchange, String methods) {
        if (all().gate.target(exchange) != null) {
            return all().gate.noRoute(exchange, methods);
        }
        return methods.isEmpty()
                ? error(404, "validation error: no matching operation was found")
                : error(400, "validation error: method not allowed");
    }

    @Override
    public void lose(Exchange exchange) {
        all().gate.lose(exchange);
    }
}

package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The proxy in front of the toolboxes: who may come through, and to which sandbox. */
final class DaytonaToolbox {
    /** What every route of a toolbox begins with. */
    static final String BASE = "/toolbox/{sandboxId}";

    private static final Logger LOG = LoggerFactory.getLogger(DaytonaToolbox.class);

    private final DaytonaWorld world;
    private final Router router;

    DaytonaToolbox(DaytonaWorld world, Router router) {
        this.world = world;
        this.router = router;
    }

    /** Answers a request that has come through. */
    @FunctionalInterface
    interface Tool {
        void use(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException;
    }

    /** A request's path as the daemon sees it. */
    static String pathInside(String path) {
        int end = path.indexOf('/', "/toolbox/".length());
        return end < 0 ? "/" : path.substring(end);
    }

    void add(String method, String path, Tool tool) {
        router.add(method, BASE + path, exchange -> through(exchange, tool));
    }

    private void through(Exchange exchange, Tool tool) throws IOException, InterruptedException {
        DaytonaBox box = world.fleet().byId(exchange.parameter("sandboxId"));
        Optional<Answer> no = stopped(exchange, box);
        if (no.isPresent() || box == null) {
            exchange.answer(no.orElseGet(() -> Answer.empty(502)));
            return;
        }
        boolean counts = exchange.header("X-Daytona-Skip-Last-Activity-Update")
                .filter("true"::equalsIgnoreCase)
                .isEmpty();
        DaytonaGuest guest;
        synchronized (world.fleet()) {
            guest = box.guest;
            if (counts) {
                box.lastActivityAt = world.time().now();
                box.openRequests++;
            }
        }
        try {
            use(exchange, tool, guest == null ? Optional.empty() : Optional.of(guest));
        } finally {
            synchronized (world.fleet()) {
                if (counts) {
                    box.openRequests--;
                }
            }
        }
    }

    private void use(Exchange exchange, Tool tool, Optional<DaytonaGuest> guest)
            throws IOException, InterruptedException {
        try {
            tool.use(guest.orElseThrow(DaytonaDown::new), exchange);
        } catch (DaytonaRefusal e) {
            answer(exchange, world.errors().toolbox(exchange, e));
        } catch (DaytonaDown | SandboxException e) {
            LOG.debug("nothing answers behind {}: {}", exchange, e.getMessage());
            answer(exchange, Answer.empty(502));
        }
    }

    private static void answer(Exchange exchange, Answer answer) {
        if (exchange.begun()) {
            exchange.cut();
        } else {
            exchange.answer(answer);
        }
    }

    /** Says why a request does not come through; nothing if it does. */
    private Optional<Answer> stopped(Exchange exchange, @Nullable DaytonaBox box) {
        if (box != null && DaytonaSignatures.signed(exchange)) {
            String key;
            synchronized (world.fleet()) {
                key = box.signingKey;
            }
            if (!DaytonaSignatures.valid(exchange, key, world.time().now())) {
                return Optional.of(world.errors().proxy(exchange, 401, "unauthorized: invalid signature"));
            }
            return byState(exchange, box);
        }
        Optional<String> secret = DaytonaKeys.bearer(exchange);
        Optional<String> token = exchange.header("x-daytona-preview-token");
        if (box == null && secret.isPresent()) {
            return Optional.of(badToken(exchange));
        }
        if (box == null || (secret.isEmpty() && token.isEmpty())) {
            return Optional.of(world.errors()
                    .proxy(
                            exchange,
                            401,
                            "unauthorized: missing authentication: provide a preview access token"
                                    + " (via header, query parameter, or cookie) or an API key or JWT (via header)"));
        }
        boolean opens = secret.filter(each -> world.keys().opens(each, box.organization))
                        .isPresent()
                || token.filter(box.previewToken::equals).isPresent();
        return opens ? byState(exchange, box) : Optional.of(badToken(exchange));
    }

    private Answer badToken(Exchange exchange) {
        return world.errors().proxy(exchange, 401, "unauthorized: authentication failed: Bearer token is invalid");
    }

    private Optional<Answer> byState(Exchange exchange, DaytonaBox box) {
        DaytonaState state;
        synchronized (world.fleet()) {
            state = box.reported();
        }
        return switch (state) {
            // until the change has come, the daemon answers
            case STARTED, RESIZING, SNAPSHOTTING -> Optional.empty();
            case STOPPED, ARCHIVING, ERROR, BUILD_FAILED ->
                Optional.of(world.errors()
                        .proxy(
                                exchange,
                                400,
                                "bad request: failed to resolve container IP after 3 attempts: no IP address found."
                                        + " Is the Sandbox started?"));
            case ARCHIVED, RESTORING ->
                Optional.of(world.errors().proxy(exchange, 404, "not found: sandbox container not found: " + box.id));
            default -> Optional.of(Answer.empty(502));
        };
    }

    /** The body of a request to the daemon, whatever it says it is. */
    static DaytonaFields body(Exchange exchange) throws IOException {
        JsonNode body;
        try {
            body = Json.read(exchange.bytes());
        } catch (IOException e) {
            throw DaytonaRefusal.coded(400, "INVALID_REQUEST_BODY", "invalid body request: " + e.getMessage());
        }
        if (!body.isObject()) {
            throw DaytonaRefusal.coded(
                    400,
                    "INVALID_REQUEST_BODY",
                    body.isMissingNode() ? "invalid body request: EOF" : "invalid body request: no object");
        }
        return DaytonaFields.toolbox(body);
    }
}

package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.e2b.SimulatedSandbox.State;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Refusal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** E2B's proxy before all sandboxes, and who may pass the daemon behind it. */
final class Gate {
    private static final Logger LOG = LoggerFactory.getLogger(Gate.class);
    static final int DAEMON_PORT = 49_983;
    private static final Pattern HOST = Pattern.compile("([0-9]+)-([a-z0-9]+)\\..*");
    private static final Set<String> USERS = Set.of("user", "root");
    private static final Set<String> RESERVED =
            Set.of("/init", "/freeze", "/unfreeze", "/collapse", "/fsfreeze", "/fsthaw");

    private final Fleet fleet;

    Gate(Fleet fleet) {
        this.fleet = fleet;
    }

    Instant now() {
        return fleet.now();
    }

    /** Where a request wants to go. */
    record Target(String sandboxId, int port) {}

    /** Headers count only where the host names no sandbox, as at the real proxy. Null for the control plane. */
    @Nullable
    Target target(Exchange exchange) {
        String host = exchange.header("Host").orElse("");
        Matcher named = HOST.matcher(host);
        if (named.matches() && !host.matches("[0-9.:]+")) {
            return target(named.group(2), named.group(1));
        }
        String id = exchange.header("E2b-Sandbox-Id").orElse(null);
        String port = exchange.header("E2b-Sandbox-Port").orElse(null);
        if (id == null && port == null) {
            return null;
        }
        if (id == null || port == null) {
            throw Refusal.text(400, "missing header");
        }
        if (!id.matches("[a-z0-9]+")) {
            throw Refusal.text(400, "Invalid sandbox ID");
        }
        return target(id, port);
    }

    private static Target target(String id, String port) {
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
            throw Refusal.text(500, "Unexpected error when routing request: invalid sandbox port");
        }
        return new Target(id, Integer.parseInt(port));
    }

    /** The running sandbox that a request goes to: the proxy's 502 otherwise. */
    SimulatedSandbox sandbox(Exchange exchange) {
        Target target = target(exchange);
        if (target == null) {
            throw Refusal.text(400, "Invalid host");
        }
        return running(target.sandboxId());
    }

    private SimulatedSandbox running(String id) {
        SimulatedSandbox sandbox = fleet.find(id).orElseThrow(() -> notFound(id));
        if (sandbox.state() == State.PAUSED && sandbox.request().autoResume()) {
            fleet.resumeForTraffic(sandbox);
        }
        if (sandbox.showsPaused() && sandbox.request().autoResume()) {
            throw refusal(409, id, "The sandbox is still transitioning. Try again in a moment.");
        }
        if (sandbox.state() != State.RUNNING) {
            throw notFound(id);
        }
        return sandbox;
    }

    static Refusal notFound(String id) {
        return refusal(502, id, "The sandbox was not found");
    }

    static Refusal portClosed(String id, int port) {
        ObjectNode body = body(id, "The sandbox is running but port is not open");
        return Refusal.json(502, body.put("port", port).put("code", 502));
    }

    static Refusal refusal(int status, String id, String message) {
        return Refusal.json(status, body(id, message).put("code", status));
    }

    private static ObjectNode body(String id, String message) {
        return Json.object().put("sandboxId", id).put("message", message);
    }

    /** The sandbox, if the request has its token or it needs none. */
    SimulatedSandbox admitted(Exchange exchange) {
        SimulatedSandbox sandbox = sandbox(exchange);
        if (sandbox.request().secure() && !hasToken(exchange, sandbox)) {
            throw ApiErrors.refusal(
                    401, "unauthorized access, please provide a valid access token or method signing if supported");
        }
        return sandbox;
    }

    private static boolean hasToken(Exchange exchange, SimulatedSandbox sandbox) {
        return exchange.header("X-Access-Token")
                .filter(token -> equal(token, sandbox.token()))
                .isPresent();
    }

    private static boolean equal(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }

    /** The sandbox whose files may be read or written: by token or by signature, which may be all that names it. */
    SimulatedSandbox forFiles(Exchange exchange, String operation) {
        if (target(exchange) != null) {
            SimulatedSandbox sandbox = sandbox(exchange);
            checkFiles(exchange, sandbox, operation);
            return sandbox;
        }
        Optional<SimulatedSandbox> signed = fleet.ids().stream()
                .flatMap(id -> fleet.find(id).stream())
                .filter(each -> exchange.query("signature")
                        .filter(Signature.of(exchange, operation, each.token())::equals)
                        .isPresent())
                .findFirst();
        SimulatedSandbox sandbox = running(signed.orElseThrow(() -> ApiErrors.refusal(401, "invalid signature"))
                .id());
        checkFiles(exchange, sandbox, operation);
        return sandbox;
    }

    private void checkFiles(Exchange exchange, SimulatedSandbox sandbox, String operation) {
        if (!sandbox.request().secure()) {
            return;
        }
        if (exchange.header("X-Access-Token").isPresent()) {
            if (!hasToken(exchange, sandbox)) {
                throw ApiErrors.refusal(401, "access token present in header but does not match");
            }
            return;
        }
        String signature = exchange.query("signature")
                .orElseThrow(() -> ApiErrors.refusal(401, "missing signature query parameter"));
        if (!signature.equals(Signature.of(exchange, operation, sandbox.token()))) {
            throw ApiErrors.refusal(401, "invalid signature");
        }
        String expiry = exchange.query("signature_expiration").orElse("");
        if (!expiry.isEmpty() && Long.parseLong(expiry) < fleet.now().getEpochSecond()) {
            throw ApiErrors.refusal(401, "signature is already expired");
        }
    }

    /** The user that a request names in its way; the default where it names none. */
    static String user(Exchange exchange) {
        String header = exchange.header("Authorization").orElse("");
        if (!header.startsWith("Basic ")) {
            return "user";
        }
        try {
            String pair = new String(Base64.getDecoder().decode(header.substring(6)), StandardCharsets.UTF_8);
            return pair.split(":", 2)[0];
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    static boolean known(String user) {
        return USERS.contains(user);
    }

    /** What the machine calls a user; null for the sandbox's own. */
    static @Nullable String machineUser(String user) {
        return user.equals("root") ? "root" : null;
    }

    Answer noRoute(Exchange exchange, String methods) {
        if (RESERVED.contains(exchange.path())) {
            return Answer.json(
                    404,
                    Json.object()
                            .put(
                                    "message",
                                    "This endpoint is reserved for the E2B control plane and is not reachable through the sandbox URL")
                            .put("path", exchange.path())
                            .put("code", 404));
        }
        // A sandbox that is gone has no paths at all.
        LOG.trace("{} has no {}", sandbox(exchange).id(), exchange.path());
        return methods.isEmpty()
                ? Refusal.text(404, "404 page not found\n").answer()
                : Answer.empty(405).header("Allow", methods);
    }

    void lose(Exchange exchange) {
        Target target = target(exchange);
        if (target != null) {
            fleet.lose(target.sandboxId());
            return;
        }
        Matcher named = Pattern.compile("(/v2)?/sandboxes/([a-z0-9]+).*").matcher(exchange.path());
        if (named.matches()) {
            fleet.lose(named.group(2));
        }
    }
}

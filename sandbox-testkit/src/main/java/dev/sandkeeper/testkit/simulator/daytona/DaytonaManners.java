package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Manners;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the service does before and beside its routes. */
final class DaytonaManners implements Manners {
    private static final Set<String> LIFECYCLE = Set.of("start", "stop", "pause", "resize", "archive", "recover");
    private static final String CREATE = "sandbox-create";

    private final Router router;
    private @Nullable DaytonaErrors errors;
    private @Nullable DaytonaFleet fleet;
    private @Nullable DaytonaLifecycle lifecycle;

    DaytonaManners(Router router) {
        this.router = router;
    }

    /** Before the server starts. */
    void begin(DaytonaErrors writes, DaytonaFleet all, DaytonaLifecycle changes) {
        errors = writes;
        fleet = all;
        lifecycle = changes;
    }

    @Override
    public Router router(Exchange exchange) {
        return router;
    }

    @Override
    public Answer error(int status, String message) {
        return Answer.empty(status);
    }

    @Override
    public Answer error(Exchange exchange, int status, String message) {
        DaytonaErrors writes = errors;
        if (writes == null) {
            return Answer.empty(status);
        }
        if (exchange.path().startsWith("/toolbox/")) {
            return status >= 500 ? Answer.empty(status) : writes.proxy(exchange, status, message);
        }
        String text = switch (status) {
            case 429 -> "ThrottlerException: Too Many Requests";
            case 500 -> "An unexpected error occurred.";
            default -> message;
        };
        return writes.control(exchange.path(), status, text);
    }

    @Override
    public Answer rateLimited(Exchange exchange, long seconds) {
        Answer answer = error(exchange, 429, "Too Many Requests");
        return seconds == 0 ? answer : answer.header("Retry-After-" + throttler(exchange), Long.toString(seconds));
    }

    private static String throttler(Exchange exchange) {
        String route = exchange.route();
        if (route.equals("POST /api/sandbox") || route.endsWith("/fork")) {
            return CREATE;
        }
        String last = route.substring(route.lastIndexOf('/') + 1);
        boolean ofOne = route.contains("{sandboxIdOrName}");
        return (ofOne && LIFECYCLE.contains(last)) || route.equals("DELETE /api/sandbox/{sandboxIdOrName}")
                ? "sandbox-lifecycle"
                : "authenticated";
    }

    @Override
    public Answer noRoute(Exchange exchange, String methods) {
        return error(exchange, 404, "Cannot " + exchange.method() + " " + exchange.path());
    }

    @Override
    public void lose(Exchange exchange) {
        DaytonaFleet all = fleet;
        DaytonaLifecycle changes = lifecycle;
        String path = exchange.path();
        String[] parts = path.split("/", -1);
        if (all == null || changes == null || parts.length < 3) {
            return;
        }
        String id = parts[1].equals("toolbox") ? parts[2] : parts.length > 3 ? parts[3] : "";
        DaytonaBox box = all.byId(id);
        if (box != null) {
            changes.lose(box);
        }
    }
}

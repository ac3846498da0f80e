package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.util.Map;
import org.eclipse.jetty.http.HttpStatus;
import org.jspecify.annotations.Nullable;

/** How errors are written: the control plane's way, and the two ways of the toolbox. */
final class DaytonaErrors {
    private static final Map<Integer, String> CODES = Map.of(
            400, "BAD_REQUEST",
            401, "UNAUTHORIZED",
            403, "FORBIDDEN",
            404, "NOT_FOUND",
            408, "REQUEST_TIMEOUT",
            409, "CONFLICT",
            410, "GONE",
            422, "UNPROCESSABLE_ENTITY");

    private final DaytonaTime time;
    private final boolean oldDaemons;

    DaytonaErrors(DaytonaTime time, boolean oldDaemons) {
        this.time = time;
        this.oldDaemons = oldDaemons;
    }

    Answer control(String path, int status, String message) {
        ObjectNode body = Json.object();
        body.put("path", path);
        body.put("timestamp", DaytonaTime.millis(time.now()));
        body.put("statusCode", status);
        body.put("error", status == 500 ? "Internal Server Error" : HttpStatus.getMessage(status));
        body.put("message", message);
        return Answer.json(status, body);
    }

    /** An old daemon says nothing at all about files. */
    Answer toolbox(Exchange exchange, DaytonaRefusal refusal) {
        String path = DaytonaToolbox.pathInside(exchange.path());
        if (oldDaemons && path.startsWith("/files") && !path.startsWith("/files/bulk")) {
            return Answer.empty(refusal.status());
        }
        return Answer.json(refusal.status(), toolboxBody(path, exchange.method(), refusal));
    }

    ObjectNode toolboxBody(String path, String method, DaytonaRefusal refusal) {
        ObjectNode body = Json.object();
        body.put("statusCode", refusal.status());
        if (!oldDaemons) {
            body.put("source", "DAYTONA_DAEMON");
        }
        body.put("message", refusal.message());
        body.put("code", code(refusal));
        body.put("timestamp", DaytonaTime.nanos(time.now()));
        body.put("path", path);
        body.put("method", method);
        return body;
    }

    /** An old daemon knows the general words only. */
    private String code(DaytonaRefusal refusal) {
        @Nullable String code = refusal.code();
        return code == null || (oldDaemons && !code.equals("INVALID_REQUEST_BODY"))
                ? CODES.getOrDefault(refusal.status(), "INTERNAL_SERVER_ERROR")
                : code;
    }

    /** Of the proxy in front of the toolbox. */
    Answer proxy(Exchange exchange, int status, String message) {
        ObjectNode body = toolboxBody(exchange.path(), exchange.method(), DaytonaRefusal.of(status, message));
        if (!oldDaemons) {
            body.put("source", "DAYTONA_PROXY");
        }
        return Answer.json(status, body);
    }
}

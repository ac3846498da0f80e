package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Refusal;

/** How the control plane says no. */
final class ApiErrors {
    private static final String KEY_HELP =
            "Invalid API key, please visit https://e2b.dev/docs/api-key for more information.\n";

    private ApiErrors() {}

    static Answer error(int status, String message) {
        return Answer.json(status, Json.object().put("code", status).put("message", message));
    }

    static Refusal refusal(int status, String message) {
        return new Refusal(error(status, message));
    }

    static Refusal refusal(int status, String code, String message) {
        return new Refusal(Answer.json(
                status,
                Json.object().put("code", status).put("message", message).put("error_code", code)));
    }

    static Refusal badRequest(String message) {
        return refusal(400, message);
    }

    static Refusal invalid(String why) {
        return refusal(400, "validation error: request body has an error: doesn't match schema: " + why);
    }

    static Refusal notFound(String sandboxId) {
        return refusal(404, "Sandbox \"" + sandboxId + "\" doesn't exist or you don't have access to it");
    }

    static Refusal noTemplate(String template) {
        return refusal(404, "template '" + template + "' not found");
    }

    static Refusal transitioning(String sandboxId) {
        return refusal(409, "Sandbox " + sandboxId + " is transitioning to another state");
    }

    static Refusal badKey(String why) {
        return refusal(401, KEY_HELP + why);
    }
}

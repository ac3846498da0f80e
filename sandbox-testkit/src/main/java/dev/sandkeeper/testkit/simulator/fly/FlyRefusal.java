package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Refusal;
import org.jspecify.annotations.Nullable;

/** What Fly says when it says no. The texts of its hosts begin with an RPC code, from which the HTTP status follows. */
final class FlyRefusal {
    private FlyRefusal() {}

    static Answer answer(int status, String error) {
        return answer(status, error, null);
    }

    static Answer answer(int status, String error, @Nullable String code) {
        ObjectNode body = Json.object().put("error", error);
        if (code != null) {
            body.put("status", code);
        }
        return Answer.json(status, body);
    }

    static Refusal badRequest(String error) {
        return new Refusal(answer(400, error));
    }

    static Refusal invalid(String what) {
        return new Refusal(answer(400, "invalid_argument: " + what));
    }

    static Refusal noMachine() {
        return new Refusal(answer(404, "machine not found"));
    }

    static Refusal noApp() {
        return new Refusal(answer(404, "app not found"));
    }

    static Refusal precondition(String what) {
        return new Refusal(answer(412, "failed_precondition: " + what));
    }

    static Refusal aborted(String what) {
        return new Refusal(answer(409, "aborted: " + what));
    }

    static Refusal late(String what) {
        return new Refusal(answer(408, "deadline_exceeded: " + what));
    }

    static Refusal of(int status, String error, @Nullable String code) {
        return new Refusal(answer(status, error, code));
    }
}

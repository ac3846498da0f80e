package dev.sandkeeper.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** What may be wrong with a simulator of Daytona. */
final class DaytonaDefects {
    private static final String BOX = "/api/sandbox/{sandboxIdOrName}";
    private static final String TOOLBOX = "/toolbox/{sandboxId}";
    private static final String SESSION = TOOLBOX + "/process/session/{sessionId}";
    private static final String LOGS = "GET " + SESSION + "/command/{commandId}/logs";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private DaytonaDefects() {}

    static List<Defect> all() {
        return List.of(
                answer(
                        "a create is answered 201",
                        "create",
                        "POST /api/sandbox",
                        each -> each.status() == 200 ? each.status(201) : each),
                answer(
                        "a name that is taken is a 400",
                        "create",
                        "POST /api/sandbox",
                        each -> each.status() == 409 ? each.status(400) : each),
                json("a list has no next page", "create", "GET /api/sandbox", body -> body.putNull("nextCursor")),
                json(
                        "a sandbox is in a state of its own",
                        "settings",
                        "GET " + BOX,
                        body -> body.put("state", "running")),
                json("labels come under no name", "settings", "PUT " + BOX + "/labels", body -> body.remove("labels")),
                answer(
                        "a stopped sandbox can be stopped",
                        "lifecycle",
                        "POST " + BOX + "/stop",
                        each -> each.status() == 400 ? Answer.json(200, MAPPER.createObjectNode()) : each),
                answer(
                        "a time-out is a 504",
                        "commands",
                        "POST " + TOOLBOX + "/process/execute",
                        each -> each.status() == 408 ? each.status(504) : each),
                json(
                        "an exit code is missing",
                        "sessions",
                        "POST " + SESSION + "/exec",
                        body -> body.remove("exitCode")),
                json("the log has its streams the wrong way round", "sessions", LOGS, body -> {
                    String out = body.path("stdout").asText();
                    body.put("stdout", body.path("stderr").asText()).put("stderr", out);
                }),
                messages("the marks of the streams are the wrong way round", "sessions", LOGS, (number, message) -> {
                    for (int i = 0; i < message.length; i++) {
                        message[i] = message[i] == 1 ? 2 : message[i] == 2 ? 1 : message[i];
                    }
                    return List.of(message);
                }),
                new Defect("the second frame comes before the first", "sessions", DaytonaDefects::swapped),
                answer(
                        "an error of the toolbox has no code",
                        "files",
                        "GET " + TOOLBOX + "/files/info",
                        each -> each.status() == 404 ? edited(each, body -> body.remove("code")) : each),
                head(
                        "the parts of a download are said to be divided otherwise",
                        "files",
                        each -> each.header("Content-Type", "multipart/form-data; boundary=ANOTHER")),
                json(
                        "memory has the name that it has elsewhere",
                        "stock",
                        "GET /api/snapshots/{id}",
                        body -> body.set("memory", body.remove("mem"))),
                messages(
                        "a terminal does not say that it is connected",
                        "terminals",
                        "GET " + TOOLBOX + "/process/pty/create-connect",
                        (number, message) -> number == 0 ? List.of() : List.of(message)));
    }

    /** Changes messages. */
    @FunctionalInterface
    private interface Messages {
        List<byte[]> change(int number, byte[] message);
    }

    private static Defect answer(String name, String group, String route, UnaryOperator<Answer> change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public Answer answer(Exchange exchange, Answer answer) {
                return exchange.route().equals(route) ? change.apply(answer) : answer;
            }
        });
    }

    /** Changes good answers of JSON. */
    private static Defect json(String name, String group, String route, Consumer<ObjectNode> change) {
        return answer(name, group, route, each -> each.status() < 300 ? edited(each, change) : each);
    }

    private static Defect head(String name, String group, UnaryOperator<Answer> change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public Answer head(Exchange exchange, Answer head) {
                return change.apply(head);
            }
        });
    }

    private static Defect messages(String name, String group, String route, Messages change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public List<byte[]> message(Exchange exchange, int number, byte[] message) {
                return exchange.route().equals(route) ? change.change(number, message.clone()) : List.of(message);
            }
        });
    }

    private static Alteration swapped() {
        return new Alteration() {
            private final Map<Exchange, byte[]> held = new ConcurrentHashMap<>();

            @Override
            public List<byte[]> message(Exchange exchange, int number, byte[] message) {
                if (!exchange.route().equals(LOGS)) {
                    return List.of(message);
                }
                if (number == 0) {
                    held.put(exchange, message);
                    return List.of();
                }
                List<byte[]> all = new ArrayList<>(List.of(message));
                byte[] first = held.remove(exchange);
                if (first != null) {
                    all.add(first);
                }
                return all;
            }
        };
    }

    private static Answer edited(Answer answer, Consumer<ObjectNode> change) {
        try {
            ObjectNode body = (ObjectNode) MAPPER.readTree(answer.body());
            change.accept(body);
            return answer.body(body.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

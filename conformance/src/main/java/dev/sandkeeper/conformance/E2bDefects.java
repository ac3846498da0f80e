package dev.sandkeeper.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/** What may be wrong with a simulator of E2B. */
final class E2bDefects {
    private static final String START = "POST /process.Process/Start";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private E2bDefects() {}

    static List<Defect> all() {
        return List.of(
                answer(
                        "a sandbox that is gone is a 404 at its own address",
                        "lifecycle",
                        "GET /health",
                        each -> each.status() == 502 ? each.status(404) : each),
                answer(
                        "a killed sandbox is a 404 without code",
                        "lifecycle",
                        "DELETE /sandboxes/{sandboxID}",
                        each -> each.status() == 404 ? each.body(text("{\"message\":\"not found\"}")) : each),
                answer(
                        "a second pause succeeds",
                        "lifecycle",
                        "POST /sandboxes/{sandboxID}/pause",
                        each -> each.status() == 409 ? Answer.empty(204) : each),
                answer("a sandbox has no id", "readme", "POST /v2/sandboxes", each -> without(each, "sandboxID")),
                answer(
                        "the memory is called otherwise",
                        "lifecycle",
                        "GET /sandboxes/{sandboxID}",
                        each -> without(each, "memoryMB")),
                answer(
                        "the end is no time",
                        "lifecycle",
                        "GET /sandboxes/{sandboxID}",
                        each -> replace(each, "\"endAt\":\"", "\"endAt\":\"about ")),
                answer(
                        "lists have no next page",
                        "list",
                        "GET /v2/sandboxes",
                        each -> new Answer(each.status(), Map.of("Content-Type", "application/json"), each.body())),
                answer(
                        "a kind of file has another name",
                        "directories",
                        "POST /filesystem.Filesystem/Stat",
                        each -> replace(each, "FILE_TYPE_FILE", "REGULAR")),
                answer(
                        "an existing directory is made again",
                        "directories",
                        "POST /filesystem.Filesystem/MakeDir",
                        each -> each.status() == 409
                                ? Answer.json(200, MAPPER.createObjectNode()).header("Content-Type", "application/json")
                                : each),
                answer(
                        "an upload answers no list",
                        "files",
                        "POST /files",
                        each -> each.status() == 200 ? each.body(text("{}")) : each),
                head(
                        "a stream is said to be one message",
                        "commands",
                        START,
                        each -> each.header("Content-Type", "application/json")),
                messages(
                        "no frame ends a stream",
                        "commands",
                        START,
                        (number, message) -> message[0] == 2 ? List.of() : List.of(message)),
                messages("a frame is said to be compressed", "commands", START, (number, message) -> {
                    message[0] |= 1;
                    return List.of(message);
                }),
                new Defect("output comes before the start", "commands", E2bDefects::swapped),
                messages("the exit code is left out", "commands", START, (number, message) -> {
                    String json = new String(message, 5, message.length - 5, StandardCharsets.UTF_8);
                    return List.of(frame(message[0], json.replaceAll("\"exitCode\":-?[0-9]+,", "")));
                }));
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

    private static Defect head(String name, String group, String route, UnaryOperator<Answer> change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public Answer head(Exchange exchange, Answer head) {
                return exchange.route().equals(route) ? change.apply(head) : head;
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

    /** Holds the first message of each stream back until the second has been sent. */
    private static Alteration swapped() {
        return new Alteration() {
            private final Map<Exchange, byte[]> held = new ConcurrentHashMap<>();

            @Override
            public List<byte[]> message(Exchange exchange, int number, byte[] message) {
                if (!exchange.route().equals(START)) {
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

    private static byte[] frame(int flags, String json) {
        byte[] bytes = text(json);
        return ByteBuffer.allocate(5 + bytes.length)
                .put((byte) flags)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    private static Answer without(Answer answer, String field) {
        if (answer.status() >= 300) {
            return answer;
        }
        try {
            ObjectNode body = (ObjectNode) MAPPER.readTree(answer.body());
            body.remove(field);
            return answer.body(MAPPER.writeValueAsBytes(body));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answer replace(Answer answer, String old, String now) {
        return answer.body(text(new String(answer.body(), StandardCharsets.UTF_8).replace(old, now)));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

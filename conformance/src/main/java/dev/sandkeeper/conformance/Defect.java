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
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Something wrong with a simulator, planted to see it found.
 *
 * @param name what is wrong
 * @param group of the driver's calls among which it must be found
 * @param alteration makes it, anew for each run
 */
record Defect(String name, String group, Supplier<Alteration> alteration) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Changes the messages of a stream. */
    @FunctionalInterface
    interface Messages {
        /** What is sent in a message's place; it may be changed itself. */
        List<byte[]> change(int number, byte[] message);
    }

    /** Answers of one route are changed. */
    static Defect answer(String name, String group, String route, UnaryOperator<Answer> change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public Answer answer(Exchange exchange, Answer answer) {
                return exchange.route().equals(route) ? change.apply(answer) : answer;
            }
        });
    }

    /** Good answers of one route, which are JSON, are changed. */
    static Defect json(String name, String group, String route, Consumer<ObjectNode> change) {
        return answer(name, group, route, each -> each.status() < 300 ? edited(each, change) : each);
    }

    /** What comes before a stream is changed. */
    static Defect head(String name, String group, String route, UnaryOperator<Answer> change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public Answer head(Exchange exchange, Answer head) {
                return exchange.route().equals(route) ? change.apply(head) : head;
            }
        });
    }

    /** The messages of one route's streams are changed. */
    static Defect messages(String name, String group, String route, Messages change) {
        return new Defect(name, group, () -> new Alteration() {
            @Override
            public List<byte[]> message(Exchange exchange, int number, byte[] message) {
                return exchange.route().equals(route) ? change.change(number, message.clone()) : List.of(message);
            }
        });
    }

    /** The first message of each stream of one route comes after the second. */
    static Defect swapped(String name, String group, String route) {
        return new Defect(name, group, () -> new Alteration() {
            private final Map<Exchange, byte[]> held = new ConcurrentHashMap<>();

            @Override
            public List<byte[]> message(Exchange exchange, int number, byte[] message) {
                if (!exchange.route().equals(route)) {
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
        });
    }

    /** An answer of JSON with another body. */
    static Answer edited(Answer answer, Consumer<ObjectNode> change) {
        try {
            ObjectNode body = (ObjectNode) MAPPER.readTree(answer.body());
            change.accept(body);
            return answer.body(body.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An answer of an empty object. */
    static Answer empty(int status) {
        return Answer.json(status, MAPPER.createObjectNode());
    }
}

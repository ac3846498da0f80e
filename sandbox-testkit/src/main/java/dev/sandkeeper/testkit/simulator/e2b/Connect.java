package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Fields;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Refusal;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Connect protocol, version 1, with JSON messages. */
final class Connect {
    private static final String UNARY = "application/json";
    private static final String STREAM = "application/connect+json";
    private static final int END_OF_STREAM = 2;
    private static final int HEADER = 5;
    private static final Map<String, Integer> STATUS = Map.ofEntries(
            Map.entry("canceled", 499),
            Map.entry("unknown", 500),
            Map.entry("invalid_argument", 400),
            Map.entry("deadline_exceeded", 504),
            Map.entry("not_found", 404),
            Map.entry("already_exists", 409),
            Map.entry("permission_denied", 403),
            Map.entry("resource_exhausted", 429),
            Map.entry("failed_precondition", 400),
            Map.entry("aborted", 409),
            Map.entry("out_of_range", 400),
            Map.entry("unimplemented", 501),
            Map.entry("internal", 500),
            Map.entry("unavailable", 503),
            Map.entry("data_loss", 500),
            Map.entry("unauthenticated", 401));

    private Connect() {}

    /** An error with a code of the protocol. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String code;
        private final String text;

        Failure(String code, String text) {
            super(code, null, false, false);
            this.code = code;
            this.text = text;
        }

        JsonNode body() {
            return Json.object().put("code", code).put("message", text);
        }

        Refusal refusal() {
            return new Refusal(
                    new Answer(STATUS.getOrDefault(code, 500), Map.of("Content-Type", UNARY), Json.bytes(body())));
        }
    }

    static Failure failure(String code, String text) {
        return new Failure(code, text);
    }

    /** Answers a call of one message with one message. */
    @FunctionalInterface
    interface Unary {
        JsonNode answer(Exchange exchange, SimulatedSandbox sandbox) throws Exception;
    }

    /** Answers a call with a stream of messages, and ends it. */
    @FunctionalInterface
    interface Streaming {
        void answer(Exchange exchange, SimulatedSandbox sandbox, AnswerStream answer) throws Exception;
    }

    static Router.Handler unary(Gate gate, Unary call) {
        return exchange -> {
            SimulatedSandbox sandbox = gate.admitted(exchange);
            try {
                require(exchange, UNARY);
                JsonNode message = call.answer(exchange, sandbox);
                exchange.answer(new Answer(200, Map.of("Content-Type", UNARY), Json.bytes(message)));
            } catch (Failure e) {
                throw e.refusal();
            }
        };
    }

    static Router.Handler streaming(Gate gate, Streaming call) {
        return exchange -> {
            SimulatedSandbox sandbox = gate.admitted(exchange);
            try {
                require(exchange, STREAM);
            } catch (Failure e) {
                throw e.refusal();
            }
            AnswerStream answer = exchange.stream(Answer.empty(200).header("Content-Type", STREAM));
            try {
                call.answer(exchange, sandbox, answer);
            } catch (Failure e) {
                end(answer, e);
            }
        };
    }

    /** Reads the one message of a unary call. */
    static Fields message(Exchange exchange, String... allowed) throws IOException {
        return fields(exchange.bytes(), allowed);
    }

    /** Reads a message. */
    static Fields fields(byte[] json, String... allowed) {
        return Fields.of(json, why -> failure("invalid_argument", "unmarshal message: " + why), allowed);
    }

    private static void require(Exchange exchange, String type) {
        if (!exchange.contentType().equals(type)) {
            throw new Refusal(Answer.empty(415).header("Accept-Post", type));
        }
        exchange.header("Connect-Protocol-Version")
                .filter(version -> !version.equals("1"))
                .ifPresent(version -> {
                    throw failure(
                            "invalid_argument", "connect-protocol-version must be \"1\": got \"" + version + "\"");
                });
        exchange.header("Connect-Timeout-Ms")
                .filter(digits -> !digits.matches("[0-9]{1,10}"))
                .ifPresent(digits -> {
                    throw failure("invalid_argument", "parse timeout: \"" + digits + "\"");
                });
    }

    /** The deadline of the call. */
    static Optional<Duration> timeout(Exchange exchange) {
        return exchange.header("Connect-Timeout-Ms").map(digits -> Duration.ofMillis(Long.parseLong(digits)));
    }

    /** After how long without a message the client wants one. */
    static Duration keepalive(Exchange exchange) {
        return exchange.header("Keepalive-Ping-Interval")
                .filter(digits -> digits.matches("[1-9][0-9]{0,5}"))
                .map(digits -> Duration.ofSeconds(Long.parseLong(digits)))
                .orElse(Duration.ofSeconds(90));
    }

    /** Reads the one message of a call whose answer is a stream. */
    static byte[] request(Exchange exchange) throws IOException {
        byte[] message = next(exchange);
        if (message == null) {
            throw failure("invalid_argument", "unary request has zero messages");
        }
        if (exchange.body().read() >= 0) {
            throw failure("invalid_argument", "unary request has multiple messages");
        }
        return message;
    }

    /** The next message of a stream of requests, or null at its end. */
    static byte @Nullable [] next(Exchange exchange) throws IOException {
        byte[] header = exchange.body().readNBytes(HEADER);
        if (header.length == 0) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(header);
        if (header.length < HEADER || buffer.get() != 0) {
            throw failure("invalid_argument", "protocol error: incomplete or compressed envelope");
        }
        int length = buffer.getInt();
        byte[] message = length < 0 || length > 4 * 1024 * 1024
                ? new byte[0]
                : exchange.body().readNBytes(length);
        if (message.length != length) {
            throw failure("invalid_argument", "protocol error: promised " + length + " bytes in enveloped message");
        }
        return message;
    }

    static void send(AnswerStream stream, JsonNode message) throws IOException {
        stream.send(frame(0, Json.bytes(message)));
    }

    /** Ends a stream in order. */
    static void end(AnswerStream stream) throws IOException {
        stream.send(frame(END_OF_STREAM, Json.bytes(Json.object())));
        stream.close();
    }

    /** Ends a stream with an error. */
    static void end(AnswerStream stream, Failure failure) throws IOException {
        var body = Json.object();
        body.set("error", failure.body());
        stream.send(frame(END_OF_STREAM, Json.bytes(body)));
        stream.close();
    }

    static byte[] frame(int flags, byte[] message) {
        return ByteBuffer.allocate(HEADER + message.length)
                .put((byte) flags)
                .putInt(message.length)
                .put(message)
                .array();
    }
}

package dev.sandkeeper.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares calls of the Connect protocol with a service's protobuf file: methods, kinds of call, frames and the JSON form of
 * messages. Safe from many threads.
 */
public final class ProtoCheck implements TrafficCheck {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Set<String> CODES = Set.of(
            "canceled",
            "unknown",
            "invalid_argument",
            "deadline_exceeded",
            "not_found",
            "already_exists",
            "permission_denied",
            "resource_exhausted",
            "failed_precondition",
            "aborted",
            "out_of_range",
            "unimplemented",
            "internal",
            "unavailable",
            "data_loss",
            "unauthenticated");

    private final ProtoFile file;
    private final String prefix;

    private ProtoCheck(ProtoFile file) {
        this.file = file;
        this.prefix = "/" + file.service() + "/";
    }

    /**
     * Reads a file.
     *
     * @param file proto3, with one service
     * @return the check
     * @throws IOException if it cannot be read
     */
    public static ProtoCheck of(Path file) throws IOException {
        return new ProtoCheck(ProtoFile.parse(Files.readString(file)));
    }

    @Override
    public List<String> violations(SimulatorTraffic traffic) {
        if (!traffic.path().startsWith(prefix) || traffic.status() == 0) {
            return List.of();
        }
        List<String> found = new ArrayList<>();
        ProtoFile.Method method = file.methods().get(traffic.path().substring(prefix.length()));
        if (method == null) {
            return List.of(traffic + ": no such method in the file");
        }
        try {
            check(traffic, method, found);
        } catch (IOException e) {
            found.add("no JSON in a message");
        }
        return found.stream().map(text -> traffic + ": " + text).toList();
    }

    private void check(SimulatorTraffic traffic, ProtoFile.Method method, List<String> found) throws IOException {
        boolean streams = method.streamsRequest() || method.streamsAnswer();
        String type = traffic.answerHeader("Content-Type").orElse("").split(";", 2)[0];
        if (traffic.status() != 200) {
            checkHttpError(traffic, streams, found);
            return;
        }
        String wanted = streams ? "application/connect+json" : "application/json";
        if (!type.equals(wanted)) {
            found.add("answer has content type \"" + type + "\", not " + wanted);
        }
        if (!streams) {
            message(method.request(), MAPPER.readTree(traffic.requestBody()), found);
            message(method.answer(), MAPPER.readTree(traffic.answerBody()), found);
            return;
        }
        Frames requests = Frames.of(traffic.requestBody());
        for (JsonNode each : requests.messages()) {
            message(method.request(), each, found);
        }
        Frames answers = Frames.of(traffic.answerBody());
        for (JsonNode each : answers.messages()) {
            message(method.answer(), each, found);
        }
        found.addAll(answers.faults());
        if (traffic.complete()) {
            checkEnd(answers.end(), found);
        }
        if (method.answer().endsWith("Response")
                && (method.name().equals("Start") || method.name().equals("Connect"))) {
            checkOrder(answers, traffic.complete(), found);
        }
    }

    private static void checkHttpError(SimulatorTraffic traffic, boolean streams, List<String> found)
            throws IOException {
        if (traffic.status() < 400) {
            found.add("status " + traffic.status() + " is none of the protocol's");
            return;
        }
        JsonNode body = MAPPER.readTree(traffic.answerBody());
        JsonNode code = body.path("code");
        if (!streams && code.isTextual() && !CODES.contains(code.asText())) {
            found.add("error code \"" + code.asText() + "\" is none of the protocol's");
        }
    }

    private static void checkEnd(List<JsonNode> ends, List<String> found) {
        if (ends.size() != 1) {
            found.add(ends.size() + " frames that end the stream");
            return;
        }
        JsonNode error = ends.get(0).path("error");
        if (!ends.get(0).isObject()
                || (!error.isMissingNode() && !CODES.contains(error.path("code").asText()))) {
            found.add("the frame that ends the stream is malformed");
        }
    }

    /** Of a process: {@code start} first and once, {@code end} last, as the daemon sends them. */
    private static void checkOrder(Frames answers, boolean complete, List<String> found) {
        List<String> events = new ArrayList<>();
        answers.messages().forEach(each -> each.path("event").fieldNames().forEachRemaining(events::add));
        if (!events.isEmpty() && (!events.get(0).equals("start") || events.lastIndexOf("start") != 0)) {
            found.add("start is not the first event, or not the only one of its kind");
        }
        int end = events.indexOf("end");
        if (end >= 0 && end != events.size() - 1) {
            found.add("an event follows the end");
        }
        boolean failed = answers.end().stream().anyMatch(each -> each.has("error"));
        if (complete && end < 0 && !failed) {
            found.add("the stream ends in order without the process's end");
        }
    }

    private void message(String type, JsonNode value, List<String> found) {
        ProtoFile.Message message = file.messages().get(type);
        if (message == null || !value.isObject()) {
            found.add(type + " must be an object");
            return;
        }
        Map<String, String> seen = new LinkedHashMap<>();
        value.properties().forEach(each -> {
            ProtoFile.Field field = message.fields().get(each.getKey());
            if (field == null) {
                found.add(type + " has no field " + each.getKey());
                return;
            }
            String group = field.oneOf();
            if (group != null && seen.put(group, each.getKey()) != null) {
                found.add(type + " has two of " + group);
            }
            field(type + "." + each.getKey(), field, each.getValue(), found);
        });
    }

    private void field(String name, ProtoFile.Field field, JsonNode value, List<String> found) {
        if (field.map()) {
            value.properties().forEach(each -> scalar(name, field.type(), each.getValue(), found));
        } else if (field.repeated()) {
            if (!value.isArray()) {
                found.add(name + " must be an array");
            }
            value.forEach(each -> scalar(name, field.type(), each, found));
        } else {
            scalar(name, field.type(), value, found);
        }
    }

    private void scalar(String name, String type, JsonNode value, List<String> found) {
        boolean right = switch (type) {
            case "string" -> value.isTextual();
            case "bytes" -> value.isTextual() && value.asText().matches("[A-Za-z0-9+/]*={0,2}");
            case "bool" -> value.isBoolean();
            case "uint32" -> value.isIntegralNumber() && value.longValue() >= 0;
            case "int32", "sint32" -> value.isInt();
            case "int64", "uint64", "sint64" ->
                value.isTextual() && value.asText().matches("-?[0-9]+");
            case "google.protobuf.Timestamp" ->
                value.asText().matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z");
            default -> true;
        };
        if (!right) {
            found.add(name + " is no " + type);
        }
        Set<String> words = file.enums().get(type);
        if (words != null && !words.contains(value.asText())) {
            found.add(name + " is none of " + type);
        } else if (words == null && file.messages().containsKey(type)) {
            message(type, value, found);
        }
    }

    /** A stream, taken apart. */
    private record Frames(List<JsonNode> messages, List<JsonNode> end, List<String> faults) {
        static Frames of(byte[] body) throws IOException {
            List<JsonNode> messages = new ArrayList<>();
            List<JsonNode> end = new ArrayList<>();
            List<String> faults = new ArrayList<>();
            ByteBuffer buffer = ByteBuffer.wrap(body);
            while (buffer.remaining() >= 5) {
                int flags = buffer.get();
                int length = buffer.getInt();
                if (length < 0 || length > buffer.remaining()) {
                    break;
                }
                byte[] message = new byte[length];
                buffer.get(message);
                if (!end.isEmpty()) {
                    faults.add("a frame follows the one that ends the stream");
                }
                if (flags != 0 && flags != 2) {
                    faults.add("frame with flags " + flags);
                }
                (flags == 2 ? end : messages).add(MAPPER.readTree(message));
            }
            return new Frames(messages, end, faults);
        }
    }
}

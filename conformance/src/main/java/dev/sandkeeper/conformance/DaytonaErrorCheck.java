package dev.sandkeeper.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Compares errors of Daytona's control plane with the five fields that its server writes, as its file does not describe them. */
final class DaytonaErrorCheck implements TrafficCheck {
    private static final List<String> FIELDS = List.of("path", "timestamp", "statusCode", "error", "message");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Override
    public List<String> violations(SimulatorTraffic traffic) {
        if (!DaytonaChecks.isControl(traffic) || traffic.status() < 400 || !traffic.complete()) {
            return List.of();
        }
        JsonNode body;
        try {
            body = MAPPER.readTree(traffic.answerBody());
        } catch (IOException e) {
            return List.of(traffic + ": the error is no JSON");
        }
        List<String> names = new ArrayList<>();
        body.fieldNames().forEachRemaining(names::add);
        List<String> wrong = new ArrayList<>();
        if (!names.equals(FIELDS)) {
            wrong.add(traffic + ": the error has the fields " + names);
        }
        if (body.path("statusCode").asInt() != traffic.status()) {
            wrong.add(traffic + ": the error says statusCode " + body.path("statusCode"));
        }
        if (!body.path("path").asText().equals(traffic.path())) {
            wrong.add(traffic + ": the error says another path");
        }
        if (!body.path("timestamp").asText().matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z")) {
            wrong.add(traffic + ": the error's timestamp is " + body.path("timestamp"));
        }
        return wrong;
    }
}

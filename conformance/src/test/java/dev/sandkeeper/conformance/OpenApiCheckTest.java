package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenApiCheckTest {
    private static final String FILE = """
            openapi: 3.0.0
            info: {title: shop, version: "1"}
            paths:
              /goods:
                post:
                  requestBody:
                    content:
                      application/json:
                        schema: {type: object, required: [name], properties: {name: {type: string}}}
                  responses:
                    "201":
                      description: made
                      content:
                        application/json:
                          schema: {type: object, required: [id], properties: {id: {type: integer}}}
            """;

    @TempDir
    Path directory;

    private List<String> violations(String request, int status, String answer, List<OpenApiCheck.KnownError> known)
            throws IOException {
        Path file = directory.resolve("shop.yml");
        Files.writeString(file, FILE);
        return OpenApiCheck.of(file, traffic -> true, path -> path, known)
                .violations(new SimulatorTraffic(
                        "POST /goods",
                        "POST",
                        "/goods",
                        Map.of("content-type", List.of("application/json")),
                        request.getBytes(StandardCharsets.UTF_8),
                        status,
                        Map.of("content-type", List.of("application/json")),
                        answer.getBytes(StandardCharsets.UTF_8),
                        true));
    }

    @Test
    void takesWhatTheFileSays() throws IOException {
        assertThat(violations("{\"name\":\"hat\"}", 201, "{\"id\":1,\"new\":true}", List.of()))
                .isEmpty();
    }

    @Test
    void findsWrongRequestsStatusesAndFields() throws IOException {
        assertThat(violations("{}", 201, "{\"id\":1}", List.of())).isNotEmpty();
        assertThat(violations("{\"name\":\"hat\"}", 200, "{\"id\":1}", List.of()))
                .isNotEmpty();
        assertThat(violations("{\"name\":\"hat\"}", 201, "{\"id\":\"1\"}", List.of()))
                .isNotEmpty();
        assertThat(violations("{\"name\":\"hat\"}", 201, "{}", List.of())).isNotEmpty();
    }

    @Test
    void passesOverWhatIsKnownToBeWrongInTheFile() throws IOException {
        List<OpenApiCheck.KnownError> known = List.of(
                new OpenApiCheck.KnownError("a test", traffic -> traffic.status() == 409, "Response status 409"));
        assertThat(violations("{\"name\":\"hat\"}", 409, "{}", known)).isEmpty();
        assertThat(violations("{\"name\":\"hat\"}", 408, "{}", known)).isNotEmpty();
    }
}

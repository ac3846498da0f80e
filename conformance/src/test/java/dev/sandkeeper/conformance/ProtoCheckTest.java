package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProtoCheckTest {
    private static final String FILE = """
            syntax = "proto3";
            package shop;
            service Shop {
                rpc Find(FindRequest) returns (FindResponse);
                rpc Watch(FindRequest) returns (stream FindResponse);
            }
            message FindRequest {
                string name = 1;  // the goods
                repeated uint32 sizes = 2;
            }
            message FindResponse {
                oneof result { Found found = 1; string no_luck = 2; }
                map<string, string> labels = 3;
                message Found { int64 price = 1; Colour colour = 2; }
            }
            enum Colour { COLOUR_NONE = 0; COLOUR_RED = 1; }
            """;

    @TempDir
    Path directory;

    private ProtoCheck check;

    @BeforeEach
    void read() throws IOException {
        Path file = directory.resolve("shop.proto");
        Files.writeString(file, FILE);
        check = ProtoCheck.of(file);
    }

    private List<String> find(String request, String answer) {
        return check.violations(exchange("Find", bytes(request), bytes(answer), "application/json"));
    }

    private List<String> watch(byte[] answer) {
        return check.violations(exchange("Watch", frames(0, "{}"), answer, "application/connect+json"));
    }

    private static SimulatorTraffic exchange(String method, byte[] request, byte[] answer, String type) {
        return new SimulatorTraffic(
                "route",
                "POST",
                "/shop.Shop/" + method,
                Map.of(),
                request,
                200,
                Map.of("content-type", List.of(type)),
                answer,
                true);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Pairs of flags and message. */
    private static byte[] frames(Object... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < parts.length; i += 2) {
            byte[] message = bytes((String) parts[i + 1]);
            all.write((Integer) parts[i]);
            all.writeBytes(ByteBuffer.allocate(4).putInt(message.length).array());
            all.writeBytes(message);
        }
        return all.toByteArray();
    }

    @Test
    void takesWhatTheFileSays() {
        assertThat(find(
                        "{\"name\":\"hat\",\"sizes\":[1,2]}",
                        "{\"found\":{\"price\":\"12\",\"colour\":\"COLOUR_RED\"},\"labels\":{\"a\":\"b\"}}"))
                .isEmpty();
        assertThat(find("{}", "{\"noLuck\":\"none\"}")).isEmpty();
        assertThat(watch(frames(0, "{\"noLuck\":\"x\"}", 2, "{}"))).isEmpty();
        assertThat(watch(frames(2, "{\"error\":{\"code\":\"not_found\"}}"))).isEmpty();
    }

    @Test
    void findsWhatTheFileDoesNotSay() {
        assertThat(find("{\"nome\":\"hat\"}", "{}")).singleElement().asString().contains("has no field nome");
        assertThat(find("{}", "{\"no_luck\":\"x\"}")).hasSize(1);
        assertThat(find("{}", "{\"found\":{\"price\":12}}"))
                .singleElement()
                .asString()
                .contains("is no int64");
        assertThat(find("{}", "{\"found\":{\"colour\":\"RED\"}}")).hasSize(1);
        assertThat(find("{}", "{\"found\":{},\"noLuck\":\"x\"}"))
                .singleElement()
                .asString()
                .contains("two of result");
        assertThat(find("{\"sizes\":1}", "{}")).isNotEmpty();
        assertThat(check.violations(exchange("Buy", bytes("{}"), bytes("{}"), "application/json")))
                .hasSize(1);
    }

    @Test
    void findsFramesThatTheProtocolDoesNotKnow() {
        assertThat(watch(frames(0, "{}"))).singleElement().asString().contains("0 frames that end");
        assertThat(watch(frames(1, "{}", 2, "{}"))).singleElement().asString().contains("flags 1");
        assertThat(watch(frames(2, "{}", 0, "{}"))).singleElement().asString().contains("follows the one");
        assertThat(watch(frames(2, "{\"error\":{\"code\":\"gone\"}}"))).hasSize(1);
        assertThat(check.violations(exchange("Watch", frames(0, "{}"), frames(2, "{}"), "application/json")))
                .hasSize(1);
    }
}

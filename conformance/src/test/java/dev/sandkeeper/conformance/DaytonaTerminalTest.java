package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.conformance.DaytonaCalls.Heard;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The toolbox: terminals. */
@Needs(Component.DOCKER)
class DaytonaTerminalTest extends DaytonaSimulatorTesting {
    private static final String CONTROL = "X-Daytona-Pty-Exit-Control";

    private String terminals;

    @Override
    SandboxBackend backing() {
        return DockerBackend.create();
    }

    @Override
    DaytonaSimulator.Builder configure(DaytonaSimulator.Builder builder) {
        return builder.spec(SandboxSpec.builder()
                .image("sandkeeper-test/debian-python:latest")
                .build());
    }

    @BeforeEach
    void create() {
        terminals = "/toolbox/" + calls.sandbox() + "/process/pty";
    }

    private static void type(WebSocket socket, String keys) {
        socket.sendBinary(ByteBuffer.wrap(keys.getBytes(StandardCharsets.UTF_8)), true)
                .join();
    }

    @Test
    void showsAShellAtATerminalToWhoeverConnects() {
        assertThat(calls.post(terminals, "{'id':'p1','cols':100,'rows':30,'envs':{'MINE':'yes'}}")
                        .is(201)
                        .at("sessionId"))
                .isEqualTo("p1");
        calls.post(terminals, "{'id':'p1'}").is(409);
        calls.post(terminals, "{'id':'p2','cols':1001}").is(400);
        Heard heard = new Heard();
        WebSocket socket = calls.socket(terminals + "/p1/connect", heard);
        await().until(() -> !heard.texts.isEmpty());
        assertThat(heard.texts).containsExactly("{\"type\":\"control\",\"status\":\"connected\"}");
        type(socket, "echo $MINE-$TERM; stty size; pwd\n");
        await().until(() -> heard.all().contains("yes-xterm-256color\r\n30 100\r\n/workspace\r\n"));
        JsonNode resized = calls.post(terminals + "/p1/resize", "{'cols':132,'rows':43}")
                .is(200)
                .json();
        assertThat(resized.get("cols").asInt()).isEqualTo(132);
        type(socket, "stty size; exit 7\n");
        assertThat(heard.end()).isEqualTo("1011 {\"exitCode\":7,\"exitReason\":\"non-zero exit\"}");
        assertThat(heard.all()).contains("43 132\r\n");
        await().until(() -> calls.get(terminals + "/p1").status() == 404);
        calls.post(terminals + "/p1/resize", "{'cols':1,'rows':1}").is(410);
    }

    @Test
    void makesAndConnectsInOneCall() {
        String envs = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString("{\"A\":\"1 2\"}".getBytes(StandardCharsets.UTF_8));
        Heard heard = new Heard();
        WebSocket socket = calls.socket(
                terminals + "/create-connect?id=p1&cols=90&rows=20&cwd=%2Ftmp",
                heard,
                "X-Daytona-Pty-Envs~" + envs,
                CONTROL);
        assertThat(socket.getSubprotocol()).isEqualTo(CONTROL);
        type(socket, "echo \"[$A]\"; pwd; stty size\n");
        await().until(() -> heard.all().contains("[1 2]\r\n/tmp\r\n20 90\r\n"));
        JsonNode all = calls.get(terminals).is(200).json();
        assertThat(all.at("/sessions/0/id").asText()).isEqualTo("p1");
        assertThat(all.at("/sessions/0/active").asBoolean()).isTrue();
        type(socket, "exit\n");
        assertThat(heard.end()).isEqualTo("1000 {\"exitCode\":0}");
        assertThat(heard.texts).last().isEqualTo("{\"type\":\"control\",\"status\":\"exited\",\"exitCode\":0}");
    }

    @Test
    void killsWhatIsDeleted() {
        Heard heard = new Heard();
        WebSocket socket = calls.socket(terminals + "/create-connect?id=p1", heard);
        type(socket, "sleep 100\n");
        await().until(() -> heard.all().contains("sleep"));
        calls.delete(terminals + "/p1").is(200);
        assertThat(heard.end()).startsWith("1011 {\"exitCode\":137");
        calls.delete(terminals + "/p1").is(404);
    }

    @Test
    void startsALazyOneWhenSomebodyConnects() {
        calls.post(terminals, "{'id':'lazy','lazyStart':true}").is(201);
        assertThat(calls.get(terminals + "/lazy").is(200).at("active")).isEqualTo("false");
        Heard heard = new Heard();
        WebSocket socket = calls.socket(terminals + "/lazy/connect", heard);
        type(socket, "exit 0\n");
        assertThat(heard.end()).startsWith("1000");
    }
}

package dev.sandkeeper.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExamplesTest {
    private static final String IMAGE = "sandkeeper-test/debian-python";

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(output, true, StandardCharsets.UTF_8);

    @Test
    @Needs(Component.BUBBLEWRAP)
    void quickstartKeepsItsPromisesOnThisHost() {
        assertThat(Quickstart.run(out))
                .as(output.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(lines())
                .last()
                .asString()
                .matches("quickstart: ok backend=local create_ms=\\d+ exec_ms=\\d+ left=0");
    }

    @Test
    @Needs(Component.DOCKER)
    void quickstartKeepsItsPromisesOnDocker() {
        assertThat(Quickstart.run(out, "--backend", "docker", "--image", IMAGE))
                .as(output.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(lines())
                .last()
                .asString()
                .matches("quickstart: ok backend=docker create_ms=\\d+ exec_ms=\\d+ left=0");
    }

    @Test
    @Needs(Component.DOCKER)
    void quickstartManagesWithAShellAlone() {
        assertThat(Quickstart.run(out, "--backend", "docker", "--image", "sandkeeper-test/busybox"))
                .as(output.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(lines()).anyMatch(line -> line.startsWith("program  sh read input.txt"));
    }

    @Test
    @Needs(Component.BUBBLEWRAP)
    void theAgentRepairsItsProgramOnThisHost() {
        assertThat(AgentLoop.run(out))
                .as(output.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(lines())
                .hasSize(3)
                .anyMatch(line -> line.startsWith("attempt 1: exit code ") && line.contains("price.txt"))
                .contains("attempt 2: total=51", "agent loop: ok backend=local attempts=2");
    }

    @Test
    @Needs(Component.DOCKER)
    void theAgentRepairsItsProgramOnDocker() {
        assertThat(AgentLoop.run(out, "--backend", "docker", "--image", IMAGE))
                .as(output.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(lines()).contains("attempt 2: total=51", "agent loop: ok backend=docker attempts=2");
    }

    @Test
    void aWrongCommandLineIsRefusedByName() {
        assertThat(Quickstart.run(out, "--backend", "podman")).isEqualTo(2);
        assertThat(AgentLoop.run(out, "--backend")).isEqualTo(2);
        assertThat(Quickstart.run(out, "--colour", "red")).isEqualTo(2);
        assertThat(lines())
                .contains(
                        "quickstart: there is no backend \"podman\" here: local or docker",
                        "agent loop: --backend lacks its value, or is not an option",
                        "quickstart: there is no option --colour");
    }

    @Test
    @Needs(Component.BUBBLEWRAP)
    void anImageThatThereIsNotIsAFailureWithARemedy() {
        assertThat(Quickstart.run(out, "--image", "no/such:image")).isEqualTo(1);
        assertThat(lines())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("quickstart: failed: local: ")
                .contains("no/such:image");
    }

    private List<String> lines() {
        return output.toString(StandardCharsets.UTF_8).lines().toList();
    }
}

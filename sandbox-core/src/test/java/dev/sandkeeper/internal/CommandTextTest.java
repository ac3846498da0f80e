package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandTextTest {
    @ParameterizedTest
    @ValueSource(strings = {"-n", "- an item\n", "--", "-", "plain", "%s\\n'\"\n", "\u00e9"})
    void aShellPrintsTheInputAsItIs(String input) throws IOException {
        ProcessRequest request = new ProcessRequest(List.of("cat"), Map.of(), "/", null, false, Duration.ofSeconds(9));
        byte[] text = CommandText.ofAnyLength(request, input.getBytes(StandardCharsets.UTF_8), false, "t", 0);
        assertThat(text).isNotNull();
        String script = "__sk_run() { __sk_input; }\n" + new String(text, StandardCharsets.UTF_8);
        Process shell = new ProcessBuilder("sh", "-c", script)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(input);
    }
}

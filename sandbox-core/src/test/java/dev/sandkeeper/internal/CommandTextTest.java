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

    private static ProcessRequest with(String variable) {
        return new ProcessRequest(List.of("true"), Map.of(variable, "1"), "/", null, false, Duration.ofSeconds(9));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"x;exit 0;y", "a b", "1a", "a-b", "$x", "a\n", "\u00e9", "OPTIND", "IFS", "PPID", "UID", "__sk_n"
            })
    void aNameThatAShellCannotExportIsNotWritten(String name) {
        assertThat(CommandText.of(with(name), new byte[0], false, "t", 0)).isNull();
        assertThat(CommandText.ofAnyLength(with(name), new byte[0], false, "t", 0))
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PWD", "OLDPWD", "SHLVL", "_", "RANDOM", "ENV", "PS4", "BASH_ENV", "FUNCNEST"})
    void aNameThatAShellHasAUseForIsWrittenWhereThereIsNoOtherWay(String name) {
        assertThat(CommandText.of(with(name), new byte[0], false, "t", 0)).isNull();
        assertThat(CommandText.ofAnyLength(with(name), new byte[0], false, "t", 0))
                .isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PATH", "HOME", "a", "_1", "MY_VAR2", "TERM", "LC_ALL", "MAIL"})
    void anyOtherNameIsWritten(String name) {
        assertThat(CommandText.of(with(name), new byte[0], false, "t", 0)).isNotNull();
    }
}

package dev.sandkeeper.docker;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/** The scripts that run inside, beside this class as resources. */
enum ShellText {
    /** Runs one command. */
    COMMAND("command.sh"),
    /** Runs one command after another. */
    SESSION("session.sh"),
    /** Ends commands. */
    GUARD("guard.sh");

    private final String text;

    ShellText(String name) {
        this.text = strip(read("sweep.sh") + read(name));
    }

    String text() {
        return text;
    }

    private static String read(String name) {
        try (InputStream stream = ShellText.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("the jar lacks " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** It travels with each command: comments and indentation stay behind. */
    private static String strip(String script) {
        return script.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .collect(Collectors.joining("\n", "", "\n"));
    }
}

package dev.sandkeeper.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The {@code docker} command. */
final class Cli {
    private Cli() {}

    static Ran run(String... arguments) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command(arguments)).start();
        process.getOutputStream().close();
        // there is little on either: no pipe fills while the other is read
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), out, err);
    }

    /** Insists on success, and answers the output. */
    static String must(String... arguments) throws IOException, InterruptedException {
        Ran ran = run(arguments);
        if (ran.exitCode() != 0) {
            throw new IOException(command(arguments) + ": " + ran);
        }
        return ran.stdout().strip();
    }

    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        return command;
    }
}

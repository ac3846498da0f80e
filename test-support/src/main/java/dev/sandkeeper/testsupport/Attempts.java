package dev.sandkeeper.testsupport;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Attempts to get out of a sandbox, made from inside of it by a program in Perl; {@code attempts.pl} names them. */
public final class Attempts {
    /** The answer where the kernel let it happen. */
    public static final String DONE = "done";

    private Attempts() {}

    /**
     * What a sandbox is to run.
     *
     * @param attempts names, or name:argument
     * @return the program with its arguments
     */
    public static List<String> command(String... attempts) {
        List<String> command = new ArrayList<>(List.of("perl", "-e", program(), "--"));
        command.addAll(List.of(attempts));
        return command;
    }

    /**
     * What came of them.
     *
     * @param output all that the command printed
     * @return for each attempt, as it was named, {@link #DONE} or the kernel's word against it, such as EPERM
     */
    public static Map<String, String> answers(String output) {
        Map<String, String> answers = new LinkedHashMap<>();
        output.lines().forEach(line -> {
            int end = line.indexOf(' ');
            answers.put(line.substring(0, end), line.substring(end + 1));
        });
        return answers;
    }

    private static String program() {
        try (InputStream in = Attempts.class.getResourceAsStream("attempts.pl")) {
            return new String(Objects.requireNonNull(in, "attempts.pl").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

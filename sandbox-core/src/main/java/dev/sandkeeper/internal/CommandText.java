package dev.sandkeeper.internal;

import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What {@code session.sh} is sent to run one command. Everything that comes from outside stands between single quotes. */
public final class CommandText {
    /** Beyond that an exec of its own is quicker. */
    private static final int LONGEST = 128 * 1024;

    private final ByteArrayOutputStream text = new ByteArrayOutputStream(512);

    private CommandText() {}

    /**
     * Writes a command.
     *
     * @param request what to run
     * @param input what the command reads
     * @param ours whether it is a script of ours for {@code sh -c}, which may run in a copy of the shell itself
     * @param tag the command's own, for its marks
     * @param seconds after how many everything of it is killed inside, if nobody else does it; 0 for never
     * @return nothing if a shell cannot run it as it is meant, or not quickly
     */
    public static byte @Nullable [] of(ProcessRequest request, byte[] input, boolean ours, String tag, long seconds) {
        return tooLong(request, input) ? null : of(request, input, ours, tag, seconds, ShellVariables::isOrdinary);
    }

    /**
     * Writes a command for who has no other way, however long it is, and also with variables that a shell may set itself.
     *
     * @param request as above
     * @param input as above
     * @param ours as above
     * @param tag as above
     * @param seconds as above
     * @return nothing if a shell cannot run it as it is meant
     */
    public static byte @Nullable [] ofAnyLength(
            ProcessRequest request, byte[] input, boolean ours, String tag, long seconds) {
        return of(request, input, ours, tag, seconds, ShellVariables::canBeExported);
    }

    private static byte @Nullable [] of(
            ProcessRequest request, byte[] input, boolean ours, String tag, long seconds, Predicate<String> usable) {
        if (!request.environment().keySet().stream().allMatch(usable)) {
            return null;
        }
        CommandText command = new CommandText();
        command.write(request, input, ours, tag, seconds);
        return command.text.toByteArray();
    }

    private static boolean tooLong(ProcessRequest request, byte[] input) {
        long length = 3L * input.length + request.workingDirectory().length();
        for (String argument : request.arguments()) {
            length += argument.length() + 3L;
        }
        for (Map.Entry<String, String> variable : request.environment().entrySet()) {
            length += variable.getKey().length() + variable.getValue().length() + 4L;
        }
        return length > LONGEST;
    }

    private void write(ProcessRequest request, byte[] input, boolean ours, String tag, long seconds) {
        if (!request.environment().isEmpty()) {
            plain("__sk_set() { export");
            request.environment().forEach((name, value) -> {
                plain(" " + name + "=");
                quoted(value);
            });
            plain("; }\n");
        }
        if (input.length > 0) {
            plain("__sk_input() { printf '" + PrintfFormat.of(input) + "'; }\n");
        }
        plain("__sk_run " + tag + " " + seconds
                + (request.environment().isEmpty() ? " 0" : " 1")
                + (input.length == 0 ? " 0" : " 1")
                + (ours ? " 1 " : " 0 "));
        quoted(request.workingDirectory());
        for (String argument : request.arguments()) {
            plain(" ");
            quoted(argument);
        }
        plain("\n");
    }

    private void plain(String ascii) {
        text.writeBytes(ascii.getBytes(StandardCharsets.US_ASCII));
    }

    private void quoted(String value) {
        text.write('\'');
        for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
            if (b == '\'') {
                plain("'\\''");
            } else {
                text.write(b);
            }
        }
        text.write('\'');
    }
}

package dev.sandkeeper.internal;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.spi.ProcessRequest;
import java.util.function.BiFunction;

/** Why a program did not start, as the scripts of several backends say it in a word. */
public final class NotStarted {
    private NotStarted() {}

    /**
     * What to throw.
     *
     * @param reason {@code cwd} if its directory cannot be entered, 126 if it cannot be executed, else it is not there
     * @param request what was asked for
     * @param origin what programs come from: a word for messages
     * @param failures begins a failure of the backend, of a code and a message
     * @return the exception
     */
    public static CommandNotStartableException exception(
            String reason, ProcessRequest request, String origin, BiFunction<String, String, Failure> failures) {
        String program = "\"" + request.arguments().get(0) + "\"";
        Failure failure = switch (reason) {
            case "cwd" ->
                failures.apply(
                                "working_directory_missing",
                                "the working directory " + request.workingDirectory()
                                        + " does not exist in the sandbox or cannot be entered")
                        .remedy("Make it first, or name another");
            case "126" ->
                failures.apply("command_not_executable", program + " is in the sandbox but cannot be executed (126)")
                        .remedy("Set its executable bit, or run it by its interpreter");
            default ->
                failures.apply("command_not_found", program + " is not in the sandbox (127)")
                        .remedy("Install it in the " + origin + ", or name its path");
        };
        return new CommandNotStartableException(failure);
    }
}

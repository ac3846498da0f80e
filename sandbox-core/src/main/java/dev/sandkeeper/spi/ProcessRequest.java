package dev.sandkeeper.spi;

import dev.sandkeeper.TerminalSize;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a backend is told when it is to start a command.
 *
 * @param arguments the program and its arguments; at least one, none with NUL in it
 * @param environment added to the sandbox's environment, or replacing part of it. Must not appear in an argument vector, on
 *     the host or in the sandbox, nor in a log
 * @param workingDirectory absolute path in the sandbox
 * @param user a name or number; null for the sandbox's user
 * @param stdin whether the caller will write to standard input; else the command reads an end of file at once
 * @param deadline when the process tree is to be ended inside the sandbox even if this JVM no longer is, counted from the
 *     start. Before that nothing may be killed; 5 seconds later, in which the host ends it with the grace that was asked for,
 *     everything is; 10 seconds later nothing is left. Null if it may run as long as this JVM does and must end with it,
 *     within 10 seconds
 * @param fresh whether it is to run in a process that no earlier command of the sandbox could have reached, however slow that
 *     is to make
 * @param terminal how large the terminal is that it is to have; null for none. Needs {@link Capability#TERMINAL}. Its
 *     standard error is the terminal then too, so that all output is stdout's; where {@code stdin} is false it reads one end
 *     of file
 */
public record ProcessRequest(
        List<String> arguments,
        Map<String, String> environment,
        String workingDirectory,
        @Nullable String user,
        boolean stdin,
        @Nullable Duration deadline,
        boolean fresh,
        @Nullable TerminalSize terminal) {
    /** Copies list and map. */
    public ProcessRequest {
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
        Objects.requireNonNull(workingDirectory, "workingDirectory");
    }

    /**
     * A request without a terminal.
     *
     * @param arguments the program and its arguments
     * @param environment added to the sandbox's environment, or replacing part of it
     * @param workingDirectory absolute path in the sandbox
     * @param user a name or number; null for the sandbox's user
     * @param stdin whether the caller will write to standard input
     * @param deadline when the process tree is to be ended inside the sandbox; null for never
     * @param fresh whether it is to run in a process that no earlier command of the sandbox could have reached
     */
    public ProcessRequest(
            List<String> arguments,
            Map<String, String> environment,
            String workingDirectory,
            @Nullable String user,
            boolean stdin,
            @Nullable Duration deadline,
            boolean fresh) {
        this(arguments, environment, workingDirectory, user, stdin, deadline, fresh, null);
    }

    /**
     * A request without a terminal that leaves the way to the backend.
     *
     * @param arguments the program and its arguments
     * @param environment added to the sandbox's environment, or replacing part of it
     * @param workingDirectory absolute path in the sandbox
     * @param user a name or number; null for the sandbox's user
     * @param stdin whether the caller will write to standard input
     * @param deadline when the process tree is to be ended inside the sandbox; null for never
     */
    public ProcessRequest(
            List<String> arguments,
            Map<String, String> environment,
            String workingDirectory,
            @Nullable String user,
            boolean stdin,
            @Nullable Duration deadline) {
        this(arguments, environment, workingDirectory, user, stdin, deadline, false);
    }

    /**
     * The same with standard input.
     *
     * @return a request whose {@link #stdin()} is true
     */
    public ProcessRequest withStdin() {
        return new ProcessRequest(arguments, environment, workingDirectory, user, true, deadline, fresh, terminal);
    }

    /** The program only. */
    @Override
    public String toString() {
        return "ProcessRequest[" + arguments.get(0) + " +" + (arguments.size() - 1) + " arguments]";
    }
}

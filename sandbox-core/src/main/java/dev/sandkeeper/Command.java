package dev.sandkeeper;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What to run in a sandbox: an argument vector, never a shell string unless {@link #shell(String)} says so. Immutable.
 *
 * <p>Defaults: the workspace as working directory, the sandbox's environment, its user, an empty standard input, no
 * terminal, no deadline, a grace of 2 seconds between TERM and KILL, and 1 MiB captured of each output stream.
 */
public final class Command {
    /** The longest argument that Linux passes, in bytes: MAX_ARG_STRLEN less the closing NUL (execve(2)). */
    public static final int LONGEST_ARGUMENT = 131_071;

    /** The largest argument vector and environment together, in bytes, below what Linux gives at an 8 MiB stack. */
    public static final int LARGEST_ARGUMENTS = 1_500_000;

    private static final int LARGEST_CAPTURE = 256 << 20;

    private final List<String> arguments;
    private final Map<String, String> environment;
    private final @Nullable String workingDirectory;
    private final @Nullable String user;
    private final byte[] stdin;
    private final @Nullable Duration deadline;
    private final Duration grace;
    private final int captureLimit;
    private final boolean freshExec;
    private final @Nullable TerminalSize terminal;

    private Command(Builder b) {
        arguments = List.copyOf(b.arguments);
        environment = Map.copyOf(b.environment);
        workingDirectory = b.workingDirectory;
        user = b.user;
        stdin = b.stdin;
        deadline = b.deadline;
        grace = b.grace;
        captureLimit = b.captureLimit;
        freshExec = b.freshExec;
        terminal = b.terminal;
    }

    /**
     * A command with all defaults.
     *
     * @param arguments the program, found on the sandbox's PATH unless it has a slash, and its arguments
     * @return the command
     * @throws IllegalArgumentException as {@link #builder(String...)}
     */
    public static Command of(String... arguments) {
        return builder(arguments).build();
    }

    /**
     * A script for {@code sh -c}.
     *
     * @param script POSIX shell; whatever of it comes from a user must have been quoted by the caller
     * @return the command
     * @throws IllegalArgumentException as {@link #builder(String...)}
     */
    public static Command shell(String script) {
        return of("sh", "-c", script);
    }

    /**
     * Starts a command.
     *
     * @param arguments the program, found on the sandbox's PATH unless it has a slash, and its arguments
     * @return a new builder
     * @throws IllegalArgumentException if there is no argument, the first is empty, one has NUL in it or is longer than
     *     {@link #LONGEST_ARGUMENT}, or all together exceed {@link #LARGEST_ARGUMENTS}
     */
    public static Builder builder(String... arguments) {
        return new Builder(List.of(arguments));
    }

    /**
     * Starts a command that differs from this one.
     *
     * @return a builder that holds what this command holds
     */
    public Builder toBuilder() {
        Builder b = new Builder(arguments);
        b.environment.putAll(environment);
        b.workingDirectory = workingDirectory;
        b.user = user;
        b.stdin = stdin;
        b.deadline = deadline;
        b.grace = grace;
        b.captureLimit = captureLimit;
        b.freshExec = freshExec;
        b.terminal = terminal;
        return b;
    }

    /**
     * The program and its arguments.
     *
     * @return at least one, immutable
     */
    public List<String> arguments() {
        return arguments;
    }

    /**
     * What is added to the sandbox's environment, or replaces part of it.
     *
     * @return values by name, immutable
     */
    public Map<String, String> environment() {
        return environment;
    }

    /**
     * Where it runs.
     *
     * @return an absolute path, one relative to the workspace, or nothing for the workspace
     */
    public Optional<String> workingDirectory() {
        return Optional.ofNullable(workingDirectory);
    }

    /**
     * Who runs it.
     *
     * @return a name or number, or nothing for the sandbox's user
     */
    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    /**
     * What {@link Sandbox#exec(Command)} gives it to read. {@link Sandbox#start(Command)} writes it first and leaves the
     * stream open.
     *
     * @return a copy; empty by default
     */
    public byte[] stdin() {
        return stdin.clone();
    }

    /**
     * When its process tree is ended.
     *
     * @return the time from its start, or nothing if it may run as long as its host
     */
    public Optional<Duration> deadline() {
        return Optional.ofNullable(deadline);
    }

    /**
     * The time between TERM and KILL.
     *
     * @return default 2 seconds; may be zero
     */
    public Duration grace() {
        return grace;
    }

    /**
     * How much is kept of each output stream: half of it from the beginning, half from the end.
     *
     * @return in bytes; default 1,048,576
     */
    public int captureLimit() {
        return captureLimit;
    }

    /**
     * Whether it runs in a process that no earlier command of the sandbox could have reached.
     *
     * @return default false
     */
    public boolean freshExec() {
        return freshExec;
    }

    /**
     * How large its terminal is at first.
     *
     * @return nothing, which is the default, if it has none
     */
    public Optional<TerminalSize> terminal() {
        return Optional.ofNullable(terminal);
    }

    /** The program and the number of its arguments; neither arguments nor environment, which may hold secrets. */
    @Override
    public String toString() {
        return "Command[" + arguments.get(0) + " +" + (arguments.size() - 1) + " arguments]";
    }

    /** Collects a command. Each setter checks its own argument and names it. Not thread-safe. */
    public static final class Builder {
        private final List<String> arguments;
        private final Map<String, String> environment = new LinkedHashMap<>();
        private @Nullable String workingDirectory;
        private @Nullable String user;
        private byte[] stdin = {};
        private @Nullable Duration deadline;
        private Duration grace = Duration.ofSeconds(2);
        private int captureLimit = 1 << 20;
        private boolean freshExec;
        private @Nullable TerminalSize terminal;

        private Builder(List<String> arguments) {
            if (arguments.isEmpty() || arguments.get(0).isEmpty()) {
                throw new IllegalArgumentException("a command needs a program: the first argument is missing or empty");
            }
            for (int i = 0; i < arguments.size(); i++) {
                String argument = arguments.get(i);
                if (argument.indexOf('\0') >= 0) {
                    throw new IllegalArgumentException(
                            "argument " + i + " has NUL in it, which no program can receive");
                }
                int bytes = argument.getBytes(StandardCharsets.UTF_8).length;
                if (bytes > LONGEST_ARGUMENT) {
                    throw new IllegalArgumentException(
                            "argument " + i + " has " + bytes + " bytes; Linux passes at most " + LONGEST_ARGUMENT
                                    + ". Write it to a file, or to standard input");
                }
            }
            this.arguments = new ArrayList<>(arguments);
        }

        /**
         * Adds to the sandbox's environment, or replaces part of it, for this command.
         *
         * @param name not empty, without {@code =} and NUL
         * @param value without NUL
         * @return this builder
         */
        public Builder environment(String name, String value) {
            EnvironmentNames.check(name, value);
            environment.put(name, value);
            return this;
        }

        /**
         * Runs it elsewhere than in the workspace.
         *
         * @param path absolute, or relative to the workspace
         * @return this builder
         */
        public Builder workingDirectory(String path) {
            if (path.isEmpty() || path.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("workingDirectory must not be empty or have NUL in it");
            }
            this.workingDirectory = path;
            return this;
        }

        /**
         * Runs it as another user. Needs {@link dev.sandkeeper.spi.Capability#COMMAND_USER}.
         *
         * @param user a name or number
         * @return this builder
         */
        public Builder user(String user) {
            if (!user.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?")) {
                throw new IllegalArgumentException("user must be a name or number, optionally with :group: " + user);
            }
            this.user = user;
            return this;
        }

        /**
         * Gives it something to read.
         *
         * @param bytes copied
         * @return this builder
         */
        public Builder stdin(byte[] bytes) {
            this.stdin = bytes.clone();
            return this;
        }

        /**
         * Gives it something to read.
         *
         * @param text sent as UTF-8
         * @return this builder
         */
        public Builder stdin(String text) {
            this.stdin = text.getBytes(StandardCharsets.UTF_8);
            return this;
        }

        /**
         * Ends its process tree when so much time has passed since its start.
         *
         * @param time from 1 millisecond to 3,650 days
         * @return this builder
         */
        public Builder deadline(Duration time) {
            this.deadline = Durations.checked("deadline", time);
            return this;
        }

        /**
         * Sets the time between TERM and KILL. What is ended inside the sandbox because this JVM died gets none: it is
         * killed at most 10 seconds after its deadline, and later by what the grace is longer than 5 seconds.
         *
         * @param time from zero to 60 seconds
         * @return this builder
         */
        public Builder grace(Duration time) {
            if (time.isNegative() || time.compareTo(Duration.ofSeconds(60)) > 0) {
                throw new IllegalArgumentException("grace must be from 0 to 60 seconds: " + time);
            }
            this.grace = time;
            return this;
        }

        /**
         * Sets how much is kept of each output stream.
         *
         * @param bytes from 0 to 256 MiB
         * @return this builder
         */
        public Builder captureLimit(int bytes) {
            if (bytes < 0 || bytes > LARGEST_CAPTURE) {
                throw new IllegalArgumentException(
                        "captureLimit must be from 0 to " + LARGEST_CAPTURE + " bytes: " + bytes);
            }
            this.captureLimit = bytes;
            return this;
        }

        /**
         * Asks for a process that no earlier command of the sandbox could have reached. A backend may otherwise run a command
         * by a shell that stays in the sandbox, which is many times faster. A program that ran before it as the same user, and
         * that has left a process behind which nobody saw, can read that shell's memory and lie about the output and the exit
         * code of later commands; about a fresh one it cannot. Neither lets it out of the sandbox.
         *
         * @return this builder
         */
        public Builder freshExec() {
            this.freshExec = true;
            return this;
        }

        /**
         * Gives it a terminal, as {@link #terminal(TerminalSize)}.
         *
         * @param columns from 1 to 65,535
         * @param rows from 1 to 65,535
         * @return this builder
         */
        public Builder terminal(int columns, int rows) {
            return terminal(new TerminalSize(columns, rows));
        }

        /**
         * Gives it a terminal of its own, as a shell or an editor wants it. Needs
         * {@link dev.sandkeeper.spi.Capability#TERMINAL}; a command in the background cannot have one.
         *
         * <p>All output then comes on standard output, a line feed as carriage return and line feed unless the program turns
         * that off; standard error is an end of file at once. Standard input is the keyboard: what is written there is echoed
         * unless the program turns that off, carriage return is the Enter key, and byte 3 is Ctrl-C. A line of more than 4,095
         * bytes is cut there until a program reads key by key. A terminal cannot be half closed: closing standard input, as
         * {@link Sandbox#exec(Command)} does after {@link #stdin(byte[])}, types Ctrl-D, an end of file to whoever reads lines.
         * When the command has ended, what it left behind on the terminal may be sent HUP, as when a window is closed.
         *
         * <p>What comes from a sandbox is hostile: shown on a real terminal, its control sequences act there.
         *
         * <p>{@code TERM} is {@code xterm-256color} unless {@link #environment} says otherwise.
         *
         * @param size at first; {@link SandboxProcess#resize} changes it
         * @return this builder
         */
        public Builder terminal(TerminalSize size) {
            this.terminal = Objects.requireNonNull(size, "size");
            return this;
        }

        /**
         * Finishes the command. The builder can be used further.
         *
         * @return the command
         * @throws IllegalArgumentException if arguments and environment together exceed {@link #LARGEST_ARGUMENTS}
         */
        public Command build() {
            long bytes = 0;
            for (String argument : arguments) {
                bytes += argument.getBytes(StandardCharsets.UTF_8).length + 9L;
            }
            for (Map.Entry<String, String> variable : environment.entrySet()) {
                bytes += variable.getKey().getBytes(StandardCharsets.UTF_8).length
                        + variable.getValue().getBytes(StandardCharsets.UTF_8).length
                        + 10L;
            }
            if (bytes > LARGEST_ARGUMENTS) {
                throw new IllegalArgumentException(
                        "arguments and environment have " + bytes + " bytes together; at most " + LARGEST_ARGUMENTS
                                + " can be passed. Write them to a file, or to standard input");
            }
            return new Command(this);
        }
    }
}

package dev.sandkeeper.local;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.Capability;
import org.jspecify.annotations.Nullable;

/** The faults of this backend in the words of the API. */
record Failures(String backend) {
    SandboxInterruptedException interrupted(String doing, @Nullable SandboxId id) {
        Thread.currentThread().interrupt();
        return new SandboxInterruptedException(Failure.of("interrupted", "the thread was interrupted while " + doing)
                .backend(backend)
                .sandbox(id));
    }

    void checkInterrupt(String doing, @Nullable SandboxId id) {
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(doing, id);
        }
    }

    SandboxGoneException gone(@Nullable SandboxId id) {
        return new SandboxGoneException(
                null,
                null,
                Failure.of("sandbox_gone", "the sandbox does not run: its processes have ended or were never started")
                        .remedy("Create a new one")
                        .backend(backend)
                        .sandbox(id));
    }

    BackendUnavailableException unavailable(
            String code, String message, @Nullable SandboxId id, @Nullable Throwable cause) {
        return new BackendUnavailableException(
                Failure.of(code, message).backend(backend).sandbox(id).cause(cause));
    }

    HandleClosedException closed(String what) {
        return new HandleClosedException(
                Failure.of("handle_closed", what + " is closed").backend(backend));
    }

    CapabilityMissingException missing(Capability capability, String message, String remedy) {
        return new CapabilityMissingException(
                capability,
                Failure.of("capability_missing", message).remedy(remedy).backend(backend));
    }

    SpecInvalidException invalid(String code, String message, String remedy) {
        return new SpecInvalidException(Failure.of(code, message).remedy(remedy).backend(backend));
    }

    /**
     * Why a command did not start.
     *
     * @param said what bubblewrap or a program before it has said
     */
    SandboxException notStarted(String program, String directory, String said, SandboxId id) {
        if (said.startsWith("bwrap: Can't chdir to ")) {
            return directoryMissing(directory, id);
        }
        if (said.contains("Argument list too long") || said.contains("maximum number of arguments")) {
            return notStartable(
                    "arguments_too_long",
                    "the arguments of \"" + program + "\" are too many or too long",
                    "Write them to a file, or to standard input",
                    id);
        }
        if (said.startsWith("bwrap: execvp ")) {
            return said.strip().endsWith(": No such file or directory")
                    ? notFound(program, id)
                    : notExecutable(
                            program,
                            said.strip()
                                    .substring(said.strip().lastIndexOf(':') + 1)
                                    .strip(),
                            id);
        }
        if (said.contains("Resource temporarily unavailable")) {
            return processLimit(program, id);
        }
        return unavailable(
                "command_lost",
                "\"" + program + "\" did not start, or nothing is known of its end"
                        + (said.isBlank() ? "" : ": " + said.strip()),
                id,
                null);
    }

    /**
     * Why a command did not start.
     *
     * @param reason {@code cwd}, 126 or 127, as a shell says it
     */
    CommandNotStartableException notExecuted(String program, String directory, String reason, SandboxId id) {
        return switch (reason) {
            case "cwd" -> directoryMissing(directory, id);
            case "126" -> notExecutable(program, "Permission denied", id);
            default -> notFound(program, id);
        };
    }

    BackendUnavailableException processLimit(String program, SandboxId id) {
        return new BackendUnavailableException(Failure.of(
                        "process_limit_reached",
                        "\"" + program + "\" did not start: the sandbox has as many processes as it may")
                .remedy("End the command that makes them, raise maxProcesses, or destroy the sandbox")
                .backend(backend)
                .sandbox(id));
    }

    private CommandNotStartableException directoryMissing(String directory, SandboxId id) {
        return notStartable(
                "working_directory_missing",
                "the working directory \"" + directory + "\" is not there, or is no directory that may be entered",
                "Make it, or leave the working directory out",
                id);
    }

    private CommandNotStartableException notFound(String program, SandboxId id) {
        return notStartable(
                "command_not_found",
                "there is no program \"" + program + "\" (127), or no interpreter for it",
                "Name a program on the sandbox's PATH, or its absolute path",
                id);
    }

    private CommandNotStartableException notExecutable(String program, String why, SandboxId id) {
        return notStartable(
                "command_not_executable",
                "\"" + program + "\" cannot be executed (126): " + why,
                "Make it executable (chmod +x), or name its interpreter",
                id);
    }

    private CommandNotStartableException notStartable(String code, String message, String remedy, SandboxId id) {
        return new CommandNotStartableException(
                Failure.of(code, message).remedy(remedy).backend(backend).sandbox(id));
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.NotStarted;
import dev.sandkeeper.spi.ProcessRequest;
import org.jspecify.annotations.Nullable;

/** What can be wrong with a command. */
final class CommandFaults {
    private final Toolbox toolbox;
    private final ProcessRequest request;

    CommandFaults(Toolbox toolbox, ProcessRequest request) {
        this.toolbox = toolbox;
        this.request = request;
    }

    private Failure failure(String code, String message) {
        return toolbox.api().failure(code, message);
    }

    BackendUnavailableException processClosed() {
        return new BackendUnavailableException(failure("process_closed", "the process was closed while it ran"));
    }

    BackendUnavailableException lost(String why, @Nullable Throwable cause) {
        return new BackendUnavailableException(failure(
                        "command_lost",
                        "nothing is known of the end of a command in sandbox " + toolbox.id() + ": " + why)
                .cause(cause));
    }

    BackendUnavailableException hostLost() {
        return new BackendUnavailableException(failure(
                        "host_lost",
                        "a command in sandbox " + toolbox.id()
                                + " was ended, because nothing had been heard of this host for 8 seconds")
                .remedy("Give the command a deadline: it then needs no sign of life"));
    }

    BackendUnavailableException outputLost(String why) {
        return new BackendUnavailableException(failure(
                        "output_lost",
                        "the output of a command in sandbox " + toolbox.id() + " is not complete: " + why)
                .remedy("See whether /tmp in the sandbox is full"));
    }

    BackendUnavailableException survives() {
        return new BackendUnavailableException(
                failure("command_survives", "a command in sandbox " + toolbox.id() + " cannot be ended")
                        .remedy("Destroy the sandbox"));
    }

    /** Why it did not start. {@code reason} is a word of the script. */
    SandboxException notStarted(String reason) {
        return switch (reason) {
            case "cwd", "126", "127" -> NotStarted.exception(reason, request, "image", this::failure);
            case "environment" ->
                new CommandNotStartableException(failure(
                                "environment_missing",
                                "the sandbox's own environment, /tmp/.sandkeeper/environment, is gone")
                        .remedy("Do not remove it, and create a new sandbox"));
            default ->
                new BackendUnavailableException(
                        failure("command_failed_to_start", "the sandbox cannot start commands: " + reason + " failed")
                                .remedy("See whether /tmp in the sandbox can be written and has room"));
        };
    }
}

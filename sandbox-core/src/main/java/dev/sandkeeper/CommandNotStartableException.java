package dev.sandkeeper;

/**
 * The command did not start: {@code command_not_found} (a shell would say 127) or {@code command_not_executable}
 * (126). A program that ran and exited with 127 or 126 is an ordinary {@link ExecResult}.
 */
public final class CommandNotStartableException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public CommandNotStartableException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. Correct the command.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

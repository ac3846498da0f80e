package dev.sandkeeper;

/**
 * A command ran and did not exit with 0: thrown by {@link ExecResult#orThrow()} alone.
 */
public final class CommandFailedException extends SandboxException {
    private static final long serialVersionUID = 1L;

    private final transient ExecResult result;

    /**
     * Reports the fault.
     *
     * @param result how it ended
     * @param failure what it says
     */
    public CommandFailedException(ExecResult result, Failure failure) {
        super(failure);
        this.result = result;
    }

    /**
     * How the command ended and what it printed.
     *
     * @return the result
     */
    public ExecResult result() {
        return result;
    }

    /**
     * {@inheritDoc}
     *
     * @return false. The result says why.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

package dev.sandkeeper;

/**
 * The handle was closed or let go of; the sandbox itself may well be alive.
 */
public final class HandleClosedException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public HandleClosedException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. Use {@link SandboxManager#connect(SandboxId)} for a new one.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

package dev.sandkeeper;

/**
 * The provider did not answer, so the operation may have happened. A create in this condition is found again by
 * {@link #sandboxId()} and destroyed by the cleanup engine; it is never repeated blindly.
 */
public final class OutcomeUnknownException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public OutcomeUnknownException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. Repeating could do it twice.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

package dev.sandkeeper;

/**
 * The backend did not answer, or answered that it cannot now.
 */
public final class BackendUnavailableException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public BackendUnavailableException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return true. It may answer later.
     */
    @Override
    public boolean retryable() {
        return true;
    }
}

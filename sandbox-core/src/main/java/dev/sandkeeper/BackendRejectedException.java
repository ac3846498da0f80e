package dev.sandkeeper;

/**
 * The backend refused: credentials, a missing image, a rule of the provider.
 */
public final class BackendRejectedException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public BackendRejectedException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. The remedy says what to change.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

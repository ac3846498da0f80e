package dev.sandkeeper;

/**
 * The store did not answer, is locked by another process, is read-only, full or corrupt; {@link #code()} tells
 * which.
 */
public final class StoreUnavailableException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public StoreUnavailableException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return true. It may answer later, unless the code says otherwise.
     */
    @Override
    public boolean retryable() {
        return true;
    }
}

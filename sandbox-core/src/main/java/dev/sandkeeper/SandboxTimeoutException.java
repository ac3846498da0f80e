package dev.sandkeeper;

/**
 * A call did not end by its deadline.
 */
public final class SandboxTimeoutException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public SandboxTimeoutException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return true. It may be faster later.
     */
    @Override
    public boolean retryable() {
        return true;
    }
}

package dev.sandkeeper;

/**
 * The calling thread was interrupted. Its interrupt flag is set again; the call is never repeated.
 */
public final class SandboxInterruptedException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public SandboxInterruptedException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. The caller asked for it.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

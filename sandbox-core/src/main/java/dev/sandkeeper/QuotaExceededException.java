package dev.sandkeeper;

/**
 * A limit on how many or how large, of the deployment or at the provider, is used up.
 */
public final class QuotaExceededException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public QuotaExceededException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return true. It may be free later.
     */
    @Override
    public boolean retryable() {
        return true;
    }
}

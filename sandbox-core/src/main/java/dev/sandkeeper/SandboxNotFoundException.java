package dev.sandkeeper;

/**
 * There is no such sandbox: neither a row nor history knows the id.
 */
public final class SandboxNotFoundException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public SandboxNotFoundException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. Nothing will change that.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

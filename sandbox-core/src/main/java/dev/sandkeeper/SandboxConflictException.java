package dev.sandkeeper;

/**
 * Somebody else changed the sandbox at the same time; the message says who.
 */
public final class SandboxConflictException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public SandboxConflictException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return true. Read it again and repeat the call.
     */
    @Override
    public boolean retryable() {
        return true;
    }
}

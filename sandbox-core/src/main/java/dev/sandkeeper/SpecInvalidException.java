package dev.sandkeeper;

/**
 * The spec asks for something that no provider, or not this one, could do; the message names the field, the value
 * and the rule.
 */
public final class SpecInvalidException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public SpecInvalidException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. Change the spec.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

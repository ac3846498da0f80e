package dev.sandkeeper;

import dev.sandkeeper.spi.Capability;

/**
 * The backend cannot do what was asked; {@link #capability()} names it.
 */
public final class CapabilityMissingException extends SandboxException {
    private static final long serialVersionUID = 1L;

    private final Capability capability;

    /**
     * Reports the fault.
     *
     * @param capability what is missing
     * @param failure what it says
     */
    public CapabilityMissingException(Capability capability, Failure failure) {
        super(failure);
        this.capability = capability;
    }

    /**
     * What the backend lacks.
     *
     * @return the capability
     */
    public Capability capability() {
        return capability;
    }

    /**
     * {@inheritDoc}
     *
     * @return false. Choose another backend or leave it out.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

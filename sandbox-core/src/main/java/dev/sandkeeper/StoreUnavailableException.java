package dev.sandkeeper;

import java.util.Set;

/**
 * The store did not answer, is locked by another process, is read-only, full or corrupt; {@link #code()} tells
 * which.
 */
public final class StoreUnavailableException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /** What may be over without anybody changing the store, its tables or the host's settings. */
    private static final Set<String> PASSING = Set.of("store_unavailable", "store_locked", "store_full");

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
     * @return true for {@code store_unavailable}, {@code store_locked} and {@code store_full}, which may be over later;
     *     false for every other code, such as {@code store_corrupt}, {@code store_read_only} or
     *     {@code deployment_unconfirmed}: the remedy says what to change first
     */
    @Override
    public boolean retryable() {
        return PASSING.contains(code());
    }
}

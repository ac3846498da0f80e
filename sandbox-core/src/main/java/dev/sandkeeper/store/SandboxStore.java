package dev.sandkeeper.store;

import dev.sandkeeper.internal.SandboxRows;

/** Placeholder shape; the implementation follows. */
public final class SandboxStore {
    private final SandboxRows rows;

    SandboxStore(SandboxRows rows) {
        this.rows = rows;
    }

    /**
     * For Sandkeeper's own modules.
     *
     * @return the rows
     */
    public SandboxRows rows() {
        return rows;
    }
}

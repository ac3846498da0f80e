package dev.sandkeeper;

/** Creates sandboxes. The implementation follows. */
public final class SandboxManager {
    private SandboxManager() {}

    /** Placeholder. */
    public Sandbox connect(SandboxId id) {
        throw new IllegalStateException("follows");
    }
}

package dev.sandkeeper;

/** One sandbox. The implementation follows. */
public final class Sandbox {
    private Sandbox() {}

    /** Placeholder. */
    public ExecResult exec(Command command) {
        throw new IllegalStateException("follows");
    }

    /** Placeholder. */
    public void start(Command command) {}

    /** Placeholder. */
    public void detach() {}

    /** Placeholder. */
    public void touch() {}
}

package dev.sandkeeper;

/** Lets an operation count as activity of its sandbox for as long as it lasts. */
@FunctionalInterface
interface Activity {
    /**
     * Begins an operation.
     *
     * @return to be closed at its end, once, by any thread
     * @throws SandboxException if nothing may begin: the sandbox has ended or the handle is closed
     */
    Scope begin();

    /** One operation. */
    @FunctionalInterface
    interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}

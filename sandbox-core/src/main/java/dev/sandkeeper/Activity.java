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

        /**
         * What the caller is told of a fault that came during it.
         *
         * @param fault what the backend has thrown
         * @return the same, or what is behind it
         */
        default SandboxException explained(SandboxException fault) {
            return fault;
        }
    }
}

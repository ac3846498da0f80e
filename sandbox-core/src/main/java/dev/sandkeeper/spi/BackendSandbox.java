package dev.sandkeeper.spi;

/** A backend's connection to one sandbox. Safe from many threads. */
public interface BackendSandbox extends AutoCloseable {
    /**
     * The provider's own name for it.
     *
     * @return opaque, not empty, at most 255 characters
     */
    String providerRef();

    /**
     * Starts a command.
     *
     * @param request what to start
     * @return the started command; that it could not be started may also come from {@link BackendProcess#pump}
     * @throws dev.sandkeeper.CommandNotStartableException if it is known already that it cannot be started
     * @throws dev.sandkeeper.CapabilityMissingException if the request needs what the backend lacks
     * @throws dev.sandkeeper.SandboxGoneException if the sandbox has ended
     * @throws dev.sandkeeper.BackendUnavailableException if the backend did not answer. The command may have been started;
     *     it ends with its deadline or with this JVM
     */
    BackendProcess start(ProcessRequest request);

    /**
     * The sandbox's files.
     *
     * @return always the same object
     */
    BackendFiles files();

    /**
     * Lets go: connections are closed and commands that were started through this object end. The sandbox goes on, unless
     * its lifetime is PROCESS and this is the object that {@link SandboxBackend#create} answered. Idempotent, never throws.
     */
    @Override
    void close();
}

package dev.sandkeeper.spi;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Failure;

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
     * @throws CapabilityMissingException if the request needs what the backend lacks
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
     * The commands that run in the background. Needs {@link Capability#BACKGROUND}.
     *
     * @return always the same object
     * @throws CapabilityMissingException if the backend cannot
     */
    default BackendBackground background() {
        throw new CapabilityMissingException(
                Capability.BACKGROUND,
                Failure.of("capability_missing", "this backend lacks " + Capability.BACKGROUND)
                        .remedy("Run the command while you watch, or choose a backend that has it"));
    }

    /**
     * Lets go: connections are closed and commands that were started through this object end, those in the background excepted. The sandbox goes on, unless
     * its lifetime is PROCESS and this is the object that {@link SandboxBackend#create} answered. Idempotent, never throws.
     */
    @Override
    void close();
}

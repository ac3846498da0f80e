package dev.sandkeeper.docker;

import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.ProcessRequest;
import org.jspecify.annotations.Nullable;

/** A way of running commands in one sandbox. */
interface CommandChannel {
    /**
     * Starts a command.
     *
     * @param input what it reads where {@link ProcessRequest#stdin()} is false; as {@link
     *     dev.sandkeeper.spi.BackendSandbox#start(ProcessRequest, byte[])}
     * @param user who runs it; null for the container's own user
     * @param guard watches over that user's commands
     * @return the started command
     * @throws dev.sandkeeper.SandboxException as {@link dev.sandkeeper.spi.BackendSandbox#start}
     */
    BackendProcess start(ProcessRequest request, byte[] input, @Nullable String user, Guard guard);
}

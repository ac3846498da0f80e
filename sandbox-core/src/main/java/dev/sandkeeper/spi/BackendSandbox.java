package dev.sandkeeper.spi;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.Failure;
import java.io.IOException;
import java.io.OutputStream;
import java.util.OptionalLong;
import org.slf4j.LoggerFactory;

/** A backend's connection to one sandbox. Safe from many threads. */
public interface BackendSandbox extends AutoCloseable {
    /** The most bytes of {@link #start(ProcessRequest, byte[])}: more may not fit a pipe, so that writing could wait. */
    int SMALL_INPUT = 32 * 1024;

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
     * Starts a command whose whole standard input is known and small. A backend that can hand it over together with the
     * command need not open a stream for it.
     *
     * @param request what to start; its {@link ProcessRequest#stdin()} is false
     * @param input what the command reads before the end of file; at most {@link #SMALL_INPUT} bytes, not changed by anybody
     *     afterwards
     * @return as {@link #start(ProcessRequest)}; its stream takes nothing
     */
    default BackendProcess start(ProcessRequest request, byte[] input) {
        BackendProcess process = start(request.withStdin());
        try (OutputStream stdin = process.stdin()) {
            stdin.write(input);
        } catch (IOException e) {
            LoggerFactory.getLogger(BackendSandbox.class)
                    .debug("the command did not read all of its input: {}", e.getMessage());
        }
        return process;
    }

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
        throw missing(Capability.BACKGROUND, "Run the command while you watch, or choose a backend that has it");
    }

    /**
     * Where a service in the sandbox is reached from the host, whether or not it listens already. Needs
     * {@link Capability#PORTS}.
     *
     * @param port where it listens inside; from 1 to 65,535
     * @return the address, the same as long as the sandbox runs
     * @throws CapabilityMissingException if the backend cannot
     * @throws dev.sandkeeper.SpecInvalidException if the sandbox has no network, or was created without that port and the
     *     provider does not open it later
     * @throws dev.sandkeeper.SandboxGoneException if the sandbox has ended
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer
     */
    default Endpoint endpoint(int port) {
        throw missing(Capability.PORTS, "Choose a backend that has it");
    }

    /**
     * What the workspace holds, measured in the sandbox where the provider does not count it for {@link SandboxBackend#usage}.
     *
     * @return in bytes, in steps of the disk's blocks; nothing if that is not known within 30 seconds
     * @throws dev.sandkeeper.SandboxGoneException if the sandbox has ended
     * @throws dev.sandkeeper.BackendUnavailableException if the backend did not answer
     */
    default OptionalLong workspaceBytes() {
        return OptionalLong.empty();
    }

    /**
     * Whether the kernel has killed a process of the sandbox because its memory was used up, since this was last asked of
     * this object or, the first time, since it connected. Asked after a command that was killed by nobody here.
     *
     * @return false, which is the default, if not or if nobody counts
     */
    default boolean killedForMemory() {
        return false;
    }

    /**
     * Lets go: connections are closed and commands that were started through this object end, those in the background excepted. The sandbox goes on, unless
     * its lifetime is PROCESS and this is the object that {@link SandboxBackend#create} answered. Idempotent, never throws.
     */
    @Override
    void close();

    private static CapabilityMissingException missing(Capability capability, String remedy) {
        return new CapabilityMissingException(
                capability,
                Failure.of("capability_missing", "this backend lacks " + capability)
                        .remedy(remedy));
    }
}

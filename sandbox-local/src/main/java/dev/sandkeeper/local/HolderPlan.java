package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the first process of a sandbox is made with.
 *
 * @param marker an argument by which it is found among all processes
 * @param workspace its directory on the host
 * @param lifetime whether it ends with this JVM
 * @param uid the user to become, or -1 to stay who we are
 * @param image a directory with a root file system, or null
 * @param ownNetwork whether it gets a network of its own
 * @param tmpBytes the size of {@code /tmp}
 * @param sharedMemoryBytes the size of {@code /dev/shm}
 * @param diskBytes the size of a workspace in memory, or 0 for the directory
 * @param payload what it is told
 */
record HolderPlan(
        String marker,
        Path workspace,
        Lifetime lifetime,
        int uid,
        @Nullable Path image,
        boolean ownNetwork,
        long tmpBytes,
        long sharedMemoryBytes,
        long diskBytes,
        Payload payload) {
    /** What bubblewrap needs for each command: kept in the memory of the sandbox, because it may hold secrets. */
    static final class Payload {
        private final byte[] arguments;
        private final byte[] filter;

        Payload(byte[] arguments, byte[] filter) {
            this.arguments = arguments;
            this.filter = filter;
        }

        int argumentBytes() {
            return arguments.length;
        }

        int filterBytes() {
            return filter.length;
        }

        void writeTo(OutputStream out) throws IOException {
            out.write(arguments);
            out.write(filter);
        }
    }
}

package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Where {@link BeforeDestroy} puts what it keeps of a sandbox. Called from many threads, once for each attempt. */
@FunctionalInterface
public interface ExportSink {
    /**
     * Takes an archive. May be called again for the same sandbox, by whatever JVM: the newest archive counts.
     *
     * @param sandbox whose it is
     * @param tar a POSIX tar archive, hostile input like all that comes from a sandbox; to be read to its end, need not be
     *     closed. Reading throws {@link IOException} if the archive is not complete or too big; what was read so far is worth
     *     nothing then
     * @throws IOException if it cannot be kept, or what reading throws
     */
    void take(SandboxInfo sandbox, InputStream tar) throws IOException;

    /**
     * A sink that writes each archive to a file of its own: {@code <sandbox id>.tar}, which is there only once it is complete.
     *
     * @param directory an existing directory of this host
     * @return the sink
     */
    static ExportSink directory(Path directory) {
        return (sandbox, tar) -> {
            Path part = Files.createTempFile(directory, sandbox.id() + "-", ".part");
            try {
                Files.copy(tar, part, StandardCopyOption.REPLACE_EXISTING);
                Files.move(part, directory.resolve(sandbox.id() + ".tar"), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(part);
            }
        };
    }
}

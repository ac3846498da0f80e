package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.FileInfo;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.BackendFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a simulated snapshot keeps of a sandbox: the files of one directory, and the directories in {@code /tmp}. Immutable. */
public final class SavedFiles {
    private static final Logger LOG = LoggerFactory.getLogger(SavedFiles.class);
    private static final String TMP = "/tmp";
    private static final int MOST_BYTES = 64 << 20;
    private static final int MOST_DIRECTORIES = 100;

    private final Map<String, byte[]> tars;

    private SavedFiles(Map<String, byte[]> tars) {
        this.tars = Map.copyOf(tars);
    }

    /** {@return no files at all} */
    public static SavedFiles none() {
        return new SavedFiles(Map.of());
    }

    /**
     * Copies files.
     *
     * @param files the sandbox's
     * @param directory what is kept besides {@code /tmp}, where others than the sandbox's user may have what cannot be read
     * @return the copy
     * @throws IOException if it is more than 64 MiB, or cannot be read
     * @throws SandboxException if it cannot be read
     */
    public static SavedFiles of(BackendFiles files, String directory) throws IOException {
        Map<String, byte[]> tars = new LinkedHashMap<>();
        tars.put(directory, pack(files, directory));
        for (FileInfo each : files.list(TMP, MOST_DIRECTORIES)) {
            if (each.type() == FileInfo.Type.DIRECTORY) {
                try {
                    tars.put(each.path(), pack(files, each.path()));
                } catch (SandboxException e) {
                    LOG.debug("{} is not kept: {}", each.path(), e.toString());
                }
            }
        }
        return new SavedFiles(tars);
    }

    private static byte[] pack(BackendFiles files, String directory) throws IOException {
        try (InputStream tar = files.pack(directory)) {
            byte[] content = tar.readNBytes(MOST_BYTES + 1);
            if (content.length > MOST_BYTES) {
                throw new IOException(directory + " holds more than the simulator keeps");
            }
            return content;
        }
    }

    /**
     * Puts them where they were.
     *
     * @param files another sandbox's
     */
    public void putInto(BackendFiles files) {
        tars.forEach((directory, tar) -> files.unpack(directory, new ByteArrayInputStream(tar)));
    }
}

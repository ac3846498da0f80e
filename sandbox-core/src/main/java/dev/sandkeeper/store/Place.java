package dev.sandkeeper.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * Where an embedded database lives, in words that a copy cannot repeat: path, the file's own number in its file system, and
 * the machine.
 */
final class Place {
    private static final Path MACHINE_ID = Path.of("/etc/machine-id");

    private Place() {}

    static String of(Path file) throws IOException {
        // not asked of the file's store: below a changed root that is no mount point, Java finds none
        boolean unix = file.getFileSystem().supportedFileAttributeViews().contains("unix");
        Object inode = unix ? Files.getAttribute(file, "unix:ino") : "-";
        return machine(MACHINE_ID, inContainer(), System.getenv()) + " " + inode + " " + file.toRealPath();
    }

    /** A container's machine id is its image's and its host name changes with each start: neither says where its volume is. */
    private static boolean inContainer() {
        return Files.exists(Path.of("/.dockerenv"))
                || Files.exists(Path.of("/run/.containerenv"))
                || System.getenv("KUBERNETES_SERVICE_HOST") != null;
    }

    /** A name for the machine, or a dash. The machine id itself is confidential (machine-id(5)), so a hash stands for it. */
    static String machine(Path machineId, boolean container, Map<String, String> environment) throws IOException {
        if (container) {
            return "container";
        }
        String id = environment.getOrDefault("COMPUTERNAME", "");
        if (Files.isReadable(machineId)) {
            id = Files.readString(machineId, StandardCharsets.ISO_8859_1).strip();
        }
        if (id.isEmpty()) {
            return "-";
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("dev.sandkeeper " + id).getBytes(StandardCharsets.ISO_8859_1));
            return HexFormat.of().formatHex(hash, 0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}

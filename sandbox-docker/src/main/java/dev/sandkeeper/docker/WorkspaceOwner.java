package dev.sandkeeper.docker;

import java.nio.charset.StandardCharsets;

/**
 * A tar archive that holds nothing but a directory's owner. A volume belongs to root, and a container without capabilities
 * cannot change that, but the engine unpacks archives as root. The entry is called {@code /} because the engine skips one
 * that is called {@code .}.
 */
final class WorkspaceOwner {
    private static final int BLOCK = 512;

    private WorkspaceOwner() {}

    static byte[] archive(int uid, int gid) {
        // a header and the two empty blocks that end an archive (POSIX.1-1988, ustar)
        byte[] archive = new byte[3 * BLOCK];
        put(archive, 0, "/");
        put(archive, 100, "0000755");
        put(archive, 108, octal(uid));
        put(archive, 116, octal(gid));
        put(archive, 124, "00000000000");
        put(archive, 136, "00000000000");
        put(archive, 148, "        ");
        put(archive, 156, "5");
        put(archive, 257, "ustar");
        put(archive, 263, "00");
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += archive[i] & 0xff;
        }
        put(archive, 148, String.format("%06o\0 ", sum));
        return archive;
    }

    private static String octal(int id) {
        if (id < 0 || id > 07777777) {
            throw new IllegalArgumentException("a user or group id must be from 0 to " + 07777777 + ": " + id);
        }
        return String.format("%07o", id);
    }

    private static void put(byte[] archive, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, archive, at, bytes.length);
    }
}

package dev.sandkeeper.internal;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a name on the host. By way of the path's URI, which has them exactly, while {@code toString} and
 * {@code Path.of} lose what the JVM's own encoding cannot say: under the POSIX locale that is all but ASCII.
 */
final class HostNames {
    private static final String PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    private static final String ROOT = File.separatorChar == '/' ? "file:///" : "file:///C:/";

    private HostNames() {}

    /**
     * The bytes of a path below another one.
     *
     * @param root a directory
     * @param path something in it
     * @return the names between them, with slashes
     */
    static byte[] between(Path root, Path path) {
        String start = root.toUri().getRawPath();
        String whole = path.toUri().getRawPath();
        String relative = whole.substring(start.endsWith("/") ? start.length() : start.length() + 1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(relative.length());
        for (int i = 0; i < relative.length(); i++) {
            if (relative.charAt(i) == '%') {
                bytes.write(Integer.parseInt(relative.substring(i + 1, i + 3), 16));
                i += 2;
            } else if (relative.charAt(i) < 0x80) {
                bytes.write(relative.charAt(i));
            } else {
                bytes.writeBytes(relative.substring(i, i + 1).getBytes(StandardCharsets.UTF_8));
            }
        }
        byte[] result = bytes.toByteArray();
        boolean slash = result.length > 0 && result[result.length - 1] == '/';
        return slash ? Arrays.copyOf(result, result.length - 1) : result;
    }

    /**
     * A path for a name.
     *
     * @param directory where
     * @param name one name, without a slash, as {@link PathBytes} decodes it
     * @return its path directly in the directory; null if this host cannot have such a name
     */
    static @Nullable Path in(Path directory, String name) {
        StringBuilder uri = new StringBuilder(ROOT);
        for (byte b : PathBytes.encode(name)) {
            if (PLAIN.indexOf(b) >= 0) {
                uri.append((char) b);
            } else {
                uri.append('%').append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
            }
        }
        try {
            Path whole = Path.of(URI.create(uri.toString()));
            Path only = whole.getFileName();
            if (only == null || whole.getNameCount() != 1) {
                return null;
            }
            Path path = directory.resolve(only);
            return directory.equals(path.getParent()) && path.equals(path.normalize()) ? path : null;
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            return null;
        }
    }
}

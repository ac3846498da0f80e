package dev.sandkeeper.local;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Small files. Never through a channel: that would fail in a thread that is interrupted, where cleaning up must go on. */
final class Io {
    private Io() {}

    /** Reads a file, or answers null if there is none or what it describes has ended meanwhile. */
    static @Nullable String readIfExists(Path file) {
        try (InputStream in = new FileInputStream(file.toFile())) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return null;
        }
    }

    /** Replaces a file at once. Fails if its directory is not there. */
    static void writeAtomically(Path file, String content) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID());
        try {
            write(temporary, content);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Writes a file of the kernel's, or a new one. */
    static void write(Path file, String content) throws IOException {
        try (OutputStream out = new FileOutputStream(file.toFile())) {
            out.write(content.getBytes(StandardCharsets.UTF_8));
        } catch (FileNotFoundException e) {
            throw new IOException("cannot write " + file, e);
        }
    }
}

package dev.sandkeeper.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The small file beside an embedded database that says once more whom the database answers for: it stays when the database
 * is emptied or exchanged.
 *
 * @param deployment the deployment's id; empty if the file cannot be read as a marker
 * @param databaseId which database
 */
record Marker(String deployment, String databaseId) {
    private static final String FILE = "sandkeeper.deployment";

    static Optional<Marker> read(Path directory) throws IOException {
        String text;
        try {
            text = Files.readString(directory.resolve(FILE), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        Map<String, String> values = new HashMap<>();
        text.lines().filter(line -> !line.startsWith("#") && line.contains("=")).forEach(line -> {
            int equals = line.indexOf('=');
            values.put(line.substring(0, equals), line.substring(equals + 1));
        });
        return Optional.of(new Marker(values.getOrDefault("deployment", ""), values.getOrDefault("database", "")));
    }

    /** Replaces the file, durably and in one step. */
    void write(Path directory) throws IOException {
        String text = "# Whom the database beside this file answers for. Do not copy, change or remove it.\n"
                + "deployment=" + deployment + "\ndatabase=" + databaseId + "\n";
        Path temporary = Files.createTempFile(directory, FILE, ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(
                    temporary,
                    directory.resolve(FILE),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}

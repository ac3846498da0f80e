package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * What is known of a file.
 *
 * @param mode type and permissions, as the kernel tells them
 */
record DaytonaFileFacts(String name, String path, long size, int mode, String owner, String group, Instant modifiedAt) {
    /** For {@code stat -c}; a name may hold anything but two slashes. */
    static final String FORMAT = "%s %f %u %g %Y %n//";

    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final DateTimeFormatter GO =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss '+0000 UTC'").withZone(ZoneOffset.UTC);

    /**
     * Reads what {@code stat} wrote of one file.
     *
     * @param text without the slashes at its end
     * @param path what it is called
     */
    static DaytonaFileFacts parse(String text, String path) {
        String[] parts = text.split(" ", 6);
        return new DaytonaFileFacts(
                path.substring(path.lastIndexOf('/') + 1),
                path,
                Long.parseLong(parts[0]),
                Integer.parseInt(parts[1], 16),
                parts[2],
                parts[3],
                Instant.ofEpochSecond(Long.parseLong(parts[4])));
    }

    boolean directory() {
        return (mode & TYPE) == DIRECTORY;
    }

    ObjectNode json() {
        ObjectNode json = Json.object();
        json.put("name", name).put("size", size).put("mode", modeText());
        json.put("modTime", GO.format(modifiedAt)).put("modifiedAt", modifiedAt.toString());
        json.put("isDir", directory()).put("owner", owner).put("group", group);
        json.put("permissions", String.format(Locale.ROOT, "%04o", mode & 0777));
        return json.put("path", path);
    }

    private String modeText() {
        String type = switch (mode & TYPE) {
            case DIRECTORY -> "d";
            case 0120000 -> "L";
            case 0010000 -> "p";
            case 0140000 -> "S";
            case 0020000 -> "Dc";
            case 0060000 -> "D";
            default -> "-";
        };
        StringBuilder text = new StringBuilder(type);
        String letters = "rwxrwxrwx";
        for (int i = 0; i < letters.length(); i++) {
            boolean set = (mode >> (letters.length() - 1 - i) & 1) == 1;
            text.append(set ? letters.charAt(i) : '-');
        }
        return text.toString();
    }
}

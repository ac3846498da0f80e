package dev.sandkeeper.internal;

import dev.sandkeeper.FileInfo;
import dev.sandkeeper.spi.FileState;
import java.util.ArrayList;
import java.util.List;

/** Reads what the script of a scan has answered: hostile input. */
final class TreeScan {
    /** Mode, inode, size, and two times of three words each. */
    private static final int FIELDS = 9;

    private final String directory;
    private final int limit;
    private final FileFailures failures;

    TreeScan(String directory, int limit, FileFailures failures) {
        this.directory = directory;
        this.limit = limit;
        this.failures = failures;
    }

    /** As {@link dev.sandkeeper.spi.BackendFiles#scan}. */
    List<FileState> parse(byte[] answer) {
        List<FileState> states = new ArrayList<>();
        int position = 0;
        while (true) {
            int end = ShellFiles.entryEnd(answer, position);
            if (end < 0) {
                throw tooMany();
            }
            String entry = PathBytes.decode(answer, position, end - 3 - position);
            position = end;
            if (entry.equals("all") && end == answer.length) {
                return List.copyOf(states);
            }
            if (entry.equals("some") && end == answer.length) {
                throw failures.access(
                        "file_access_failed",
                        "not all of it could be looked at",
                        "See whether the sandbox has run out of processes or memory");
            }
            if (states.size() == limit) {
                throw tooMany();
            }
            states.add(state(entry));
        }
    }

    private FileState state(String entry) {
        int name = -1;
        int mode = -1;
        int inode = -1;
        for (int i = 0; i < FIELDS; i++) {
            name = entry.indexOf(' ', name + 1);
            if (name < 0) {
                throw failures.malformed("an entry with too few fields");
            }
            mode = i == 0 ? name : mode;
            inode = i == 1 ? name : inode;
        }
        FileInfo.Type type = type(entry.substring(0, mode));
        String mark = entry.substring(0, type == FileInfo.Type.DIRECTORY ? inode : name);
        return new FileState(path(entry.substring(name + 1)), type, mark);
    }

    private FileInfo.Type type(String mode) {
        try {
            return ShellFiles.type(Integer.parseUnsignedInt(mode, 16));
        } catch (NumberFormatException e) {
            throw failures.malformed("a mode that is not a number");
        }
    }

    private String path(String name) {
        if (name.equals(".")) {
            return directory;
        }
        if (!name.startsWith("./") || name.length() == 2 || name.indexOf('\0') >= 0) {
            throw failures.malformed("an entry with a strange name");
        }
        return (directory.equals("/") ? "" : directory) + name.substring(1);
    }

    private RuntimeException tooMany() {
        return failures.access(
                "too_many_entries",
                "there are more than " + limit + " entries, or their names take more than a kilobyte each",
                "Look at a part of it");
    }
}

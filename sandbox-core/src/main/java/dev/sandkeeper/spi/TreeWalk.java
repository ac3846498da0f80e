package dev.sandkeeper.spi;

import dev.sandkeeper.Failure;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/** Scans a tree by listing one directory after another. */
final class TreeWalk {
    /** A directory that went away while others were listed, or that nobody may look into, has nothing in it. */
    private static final Set<String> NOTHING_THERE = Set.of("file_not_found", "not_a_directory", "permission_denied");

    private final BackendFiles files;
    private final int limit;
    private final List<FileState> states = new ArrayList<>();
    private final Deque<String> directories = new ArrayDeque<>();

    TreeWalk(BackendFiles files, int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be > 0: " + limit);
        }
        this.files = files;
        this.limit = limit;
    }

    List<FileState> walk(String directory, boolean recursive) {
        List<FileInfo> entries = files.list(directory, limit + 1);
        states.add(new FileState(directory, FileInfo.Type.DIRECTORY, ""));
        add(directory, entries);
        while (recursive && !directories.isEmpty()) {
            String next = directories.remove();
            try {
                add(directory, files.list(next, limit + 1 - states.size()));
            } catch (FileAccessException e) {
                if (!NOTHING_THERE.contains(e.code())) {
                    throw e;
                }
            }
        }
        return List.copyOf(states);
    }

    private void add(String root, List<FileInfo> entries) {
        for (FileInfo entry : entries) {
            if (states.size() == limit) {
                throw new FileAccessException(
                        Failure.of("too_many_entries", "there are more than " + limit + " entries in " + root)
                                .remedy("Look at a part of the tree"));
            }
            states.add(new FileState(entry.path(), entry.type(), mark(entry)));
            if (entry.type() == FileInfo.Type.DIRECTORY) {
                directories.add(entry.path());
            }
        }
    }

    private static String mark(FileInfo entry) {
        String mode = Integer.toOctalString(entry.mode());
        return entry.type() == FileInfo.Type.DIRECTORY
                ? mode
                : mode + " " + entry.size() + " " + entry.modifiedAt().getEpochSecond();
    }
}

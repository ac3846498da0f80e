package dev.sandkeeper.internal;

import dev.sandkeeper.FileChange;
import dev.sandkeeper.FileChange.Kind;
import dev.sandkeeper.spi.FileState;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;

/** Tells two states of a tree apart. */
public final class TreeChanges {
    private TreeChanges() {}

    /**
     * Compares.
     *
     * @param before by path
     * @param after by path
     * @return first what has gone, files before the directories that they were in; then what is new or has changed, directories
     *     before what is in them. What has become something else, as a file a directory, has gone and is new
     */
    public static List<FileChange> between(
            NavigableMap<String, FileState> before, NavigableMap<String, FileState> after) {
        List<FileChange> changes = new ArrayList<>();
        before.descendingMap().forEach((path, old) -> {
            FileState now = after.get(path);
            if (now == null || now.type() != old.type()) {
                changes.add(new FileChange(Kind.REMOVED, path));
            }
        });
        after.forEach((path, now) -> {
            FileState old = before.get(path);
            if (old == null || old.type() != now.type()) {
                changes.add(new FileChange(Kind.CREATED, path));
            } else if (!old.mark().equals(now.mark())) {
                changes.add(new FileChange(Kind.MODIFIED, path));
            }
        });
        return changes;
    }
}

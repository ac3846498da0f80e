package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileChange;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.internal.TreeChanges;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.FileState;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Finds what has changed in a directory by looking again. */
final class Watcher {
    private static final int LARGEST_TREE = 10_000;

    private final Entries entries;
    private final BackendFiles files;
    private final String directory;
    private final boolean recursive;
    private final boolean includeEntry;
    private NavigableMap<String, FileState> known;

    Watcher(Entries entries, BackendFiles files, String directory, boolean recursive, boolean includeEntry) {
        this.entries = entries;
        this.files = files;
        this.directory = directory;
        this.recursive = recursive;
        this.includeEntry = includeEntry;
        this.known = scan();
    }

    private NavigableMap<String, FileState> scan() {
        NavigableMap<String, FileState> found = new TreeMap<>();
        String top = Paths.real(directory);
        try {
            for (FileState each : files.scan(top, recursive, LARGEST_TREE)) {
                // The temporary names of atomic writes are not the daemon's.
                if (!each.path().equals(top) && !Paths.name(each.path()).startsWith(".sandkeeper")) {
                    found.put(each.path(), each);
                }
            }
        } catch (FileAccessException e) {
            // It is gone, and all that was in it.
            found.clear();
        }
        return found;
    }

    /** What has happened since this was last asked. */
    synchronized List<ObjectNode> events() throws InterruptedException {
        NavigableMap<String, FileState> now = scan();
        List<ObjectNode> events = new ArrayList<>();
        for (FileChange change : TreeChanges.between(known, now)) {
            events.add(event(change));
            FileState state = now.get(change.path());
            if (change.kind() == FileChange.Kind.CREATED && state != null && state.type() == FileInfo.Type.FILE) {
                // Written to as soon as it was made.
                events.add(event(new FileChange(FileChange.Kind.MODIFIED, change.path())));
            }
        }
        known = now;
        return events;
    }

    private ObjectNode event(FileChange change) throws InterruptedException {
        String relative = change.path().substring(Paths.real(directory).length() + 1);
        String type = switch (change.kind()) {
            case CREATED -> "EVENT_TYPE_CREATE";
            case MODIFIED -> "EVENT_TYPE_WRITE";
            case REMOVED, MISSED -> "EVENT_TYPE_REMOVE";
        };
        ObjectNode event = Json.object().put("name", relative).put("type", type);
        String path = directory + "/" + relative;
        FileInfo info = includeEntry ? entries.find(path) : null;
        if (info != null) {
            event.set("entry", entries.shape(path, info));
        }
        return event;
    }
}

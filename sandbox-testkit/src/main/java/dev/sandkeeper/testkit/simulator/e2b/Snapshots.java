package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.SavedFiles;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** Copies of files, by their id. Safe from many threads. */
final class Snapshots {
    private static final String TEAM = "simulated-team";

    private final Map<String, Snapshot> all = new ConcurrentSkipListMap<>();

    /** A copy. */
    static final class Snapshot {
        private final String id;
        private final @Nullable String name;
        private final String sandboxId;
        private final String image;
        private final SavedFiles content;

        Snapshot(String id, @Nullable String name, String sandboxId, String image, SavedFiles content) {
            this.id = id;
            this.name = name;
            this.sandboxId = sandboxId;
            this.image = image;
            this.content = content;
        }

        String image() {
            return image;
        }

        SavedFiles content() {
            return content;
        }

        String id() {
            return id;
        }

        ObjectNode shape() {
            ObjectNode shape = Json.object().put("snapshotID", id);
            var names = shape.putArray("names");
            if (name != null) {
                names.add(TEAM + "/" + name);
            }
            return shape;
        }
    }

    Snapshot add(String templateId, @Nullable String name, String sandboxId, String image, SavedFiles content) {
        String id = (name == null ? templateId : TEAM + "/" + name) + ":default";
        Snapshot snapshot = new Snapshot(id, name, sandboxId, image, content);
        all.put(id, snapshot);
        return snapshot;
    }

    /** By its id, with or without the tag. */
    Optional<Snapshot> find(String id) {
        Snapshot snapshot = all.get(id);
        return Optional.ofNullable(snapshot != null ? snapshot : all.get(id + ":default"));
    }

    List<Snapshot> list(Optional<String> sandboxId, Optional<String> name) {
        return all.values().stream()
                .filter(each -> sandboxId.isEmpty() || sandboxId.get().equals(each.sandboxId))
                .filter(each -> name.isEmpty() || name.get().equals(each.name) || each.id.startsWith(name.get()))
                .toList();
    }

    boolean remove(String id) {
        return find(id).map(found -> all.remove(found.id) != null).orElse(false);
    }
}

package dev.sandkeeper.testkit.simulator.e2b;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** Watchers of a sandbox that are asked for their events. Safe from many threads. */
final class Watchers {
    private final Map<String, Watcher> all = new ConcurrentHashMap<>();

    String add(Watcher watcher) {
        String id = "w" + UUID.randomUUID().toString().replace("-", "").substring(0, 20);
        all.put(id, watcher);
        return id;
    }

    Optional<Watcher> find(String id) {
        return Optional.ofNullable(all.get(id));
    }

    boolean remove(String id) {
        return all.remove(id) != null;
    }
}

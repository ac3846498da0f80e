package dev.sandkeeper.testkit.simulator.daytona;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All sandboxes, of all organizations. Its monitor guards them, too: whoever looks at one holds it. */
final class DaytonaFleet {
    private final Map<String, DaytonaBox> boxes = new LinkedHashMap<>();

    synchronized void add(DaytonaBox box) {
        boolean taken = boxes.values().stream()
                .anyMatch(each -> each.organization.equals(box.organization)
                        && each.name.equals(box.name)
                        && each.state != DaytonaState.DESTROYED);
        if (taken) {
            throw DaytonaRefusal.conflict("Sandbox with name " + box.name + " already exists");
        }
        boxes.put(box.id, box);
    }

    /** By id first, then by name; that of another organization is as good as none. */
    synchronized DaytonaBox find(String organization, String idOrName) {
        DaytonaBox box = boxes.get(idOrName);
        if (box == null || !box.organization.equals(organization)) {
            box = named(organization, idOrName);
        }
        if (box == null || box.gone()) {
            throw DaytonaRefusal.missing("Sandbox with ID or name " + idOrName + " not found");
        }
        return box;
    }

    private @Nullable DaytonaBox named(String organization, String name) {
        for (DaytonaBox box : boxes.values()) {
            if (box.organization.equals(organization) && box.name.equals(name)) {
                return box;
            }
        }
        return null;
    }

    /** By id alone, as the proxy in front of the toolbox looks. */
    synchronized @Nullable DaytonaBox byId(String id) {
        DaytonaBox box = boxes.get(id);
        return box == null || box.gone() ? null : box;
    }

    synchronized List<DaytonaBox> of(String organization) {
        return boxes.values().stream()
                .filter(box -> box.organization.equals(organization))
                .toList();
    }

    synchronized Collection<DaytonaBox> all() {
        return List.copyOf(boxes.values());
    }

    synchronized int count() {
        return (int) boxes.values().stream().filter(box -> !box.gone()).count();
    }

    synchronized boolean uses(DaytonaVolume volume) {
        return boxes.values().stream()
                .anyMatch(box -> box.state != DaytonaState.DESTROYED
                        && box.order.volumes().stream()
                                .anyMatch(mount -> mount.volumeId().equals(volume.id)));
    }
}

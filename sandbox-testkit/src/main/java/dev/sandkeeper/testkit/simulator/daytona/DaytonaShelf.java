package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.daytona.DaytonaSnapshot.State;
import dev.sandkeeper.testkit.simulator.internal.SavedFiles;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The snapshots and volumes of all organizations. Safe from many threads: whatever it hands out is looked at under its lock. */
final class DaytonaShelf {
    private static final String NOBODY = "";
    static final String DEFAULT = "daytona-small";

    private final Map<String, DaytonaSnapshot> snapshots = new LinkedHashMap<>();
    private final Map<String, DaytonaVolume> volumes = new LinkedHashMap<>();
    private final DaytonaTime time;

    DaytonaShelf(DaytonaTime time) {
        this.time = time;
        stock(DEFAULT, 1, 1, 3);
        stock("daytona-medium", 2, 4, 8);
        stock("daytona-large", 4, 8, 10);
    }

    private void stock(String name, long cpu, long memory, long disk) {
        DaytonaSnapshot.Plan plan = new DaytonaSnapshot.Plan(
                name, "daytonaio/sandbox:0.8.0", null, List.of("sleep", "infinity"), null, cpu, memory, disk);
        add(new DaytonaSnapshot(id(), NOBODY, true, plan, State.ACTIVE, time.now()));
    }

    static String id() {
        return UUID.randomUUID().toString();
    }

    private void add(DaytonaSnapshot snapshot) {
        snapshots.put(snapshot.id, snapshot);
    }

    /** The one that a create comes from. */
    synchronized DaytonaSnapshot forCreate(String organization, @Nullable String wanted) {
        String name = wanted == null ? DEFAULT : wanted;
        DaytonaSnapshot snapshot = find(organization, name);
        if (snapshot == null) {
            throw DaytonaRefusal.bad("Snapshot " + name + " not found. Did you add it through the Daytona Dashboard?");
        }
        if (snapshot.state != State.ACTIVE) {
            throw DaytonaRefusal.bad("Snapshot " + name + " is " + snapshot.state.wire());
        }
        snapshot.lastUsedAt = time.now();
        return snapshot;
    }

    private @Nullable DaytonaSnapshot find(String organization, String idOrName) {
        DaytonaSnapshot byId = snapshots.get(idOrName);
        if (byId != null && visible(organization, byId)) {
            return byId;
        }
        return snapshots.values().stream()
                .filter(snapshot -> snapshot.name.equals(idOrName) && visible(organization, snapshot))
                .findFirst()
                .orElse(null);
    }

    private static boolean visible(String organization, DaytonaSnapshot snapshot) {
        return snapshot.general || snapshot.organization.equals(organization);
    }

    synchronized DaytonaSnapshot snapshot(String organization, String idOrName) {
        DaytonaSnapshot snapshot = find(organization, idOrName);
        if (snapshot == null) {
            throw DaytonaRefusal.missing("Snapshot with ID or name " + idOrName + " not found");
        }
        return snapshot;
    }

    synchronized List<DaytonaSnapshot> snapshots(String organization, Predicate<DaytonaSnapshot> wanted) {
        return snapshots.values().stream()
                .filter(snapshot -> visible(organization, snapshot) && wanted.test(snapshot))
                .toList();
    }

    synchronized DaytonaSnapshot create(String organization, DaytonaSnapshot.Plan plan) {
        if (find(organization, plan.name()) != null) {
            throw DaytonaRefusal.conflict(
                    "Snapshot with name \"" + plan.name() + "\" already exists for this organization");
        }
        State first = plan.build() != null ? State.BUILDING : plan.image() == null ? State.SNAPSHOTTING : State.PENDING;
        DaytonaSnapshot snapshot = new DaytonaSnapshot(id(), organization, false, plan, first, time.now());
        add(snapshot);
        if (first == State.PENDING) {
            later(snapshot, State.PULLING, () -> later(snapshot, State.ACTIVE, () -> {}));
        } else if (first == State.BUILDING) {
            later(snapshot, State.ACTIVE, () -> {});
        }
        return snapshot;
    }

    private void later(DaytonaSnapshot snapshot, State next, Runnable then) {
        time.after(time.transition(), "snapshot", () -> {
            synchronized (this) {
                if (snapshot.state == State.REMOVING) {
                    return;
                }
                snapshot.becomes(next, time.now());
            }
            then.run();
        });
    }

    synchronized void filled(DaytonaSnapshot snapshot, SavedFiles content) {
        snapshot.content = content;
        snapshot.becomes(State.ACTIVE, time.now());
    }

    synchronized void failed(DaytonaSnapshot snapshot, String reason) {
        snapshot.errorReason = reason;
        snapshot.becomes(State.ERROR, time.now());
    }

    synchronized void activate(DaytonaSnapshot snapshot) {
        owned(snapshot);
        if (snapshot.state == State.ACTIVE) {
            throw DaytonaRefusal.bad("Snapshot " + snapshot.name + " is already active");
        }
        if (snapshot.state != State.INACTIVE) {
            throw DaytonaRefusal.bad("Snapshot " + snapshot.name + " cannot be activated - it is in "
                    + snapshot.state.wire() + " state");
        }
        snapshot.becomes(State.ACTIVE, time.now());
    }

    synchronized void deactivate(DaytonaSnapshot snapshot) {
        owned(snapshot);
        if (snapshot.state != State.ACTIVE) {
            throw DaytonaRefusal.bad("Snapshot " + snapshot.name + " is not active");
        }
        snapshot.becomes(State.INACTIVE, time.now());
    }

    /** It is shown as being removed for a while, and then not at all. */
    synchronized void remove(DaytonaSnapshot snapshot) {
        owned(snapshot);
        snapshot.becomes(State.REMOVING, time.now());
        time.after(time.transition(), "snapshot", () -> {
            synchronized (this) {
                snapshots.remove(snapshot.id);
            }
        });
    }

    private static void owned(DaytonaSnapshot snapshot) {
        if (snapshot.general) {
            throw DaytonaRefusal.of(403, "You cannot change a general snapshot");
        }
    }

    synchronized DaytonaVolume createVolume(String organization, String name) {
        Instant now = time.now();
        String id = id();
        String called = name.isEmpty() ? id : name;
        boolean taken = volumes.values().stream()
                .anyMatch(volume -> volume.organization.equals(organization)
                        && volume.name.equals(called)
                        && volume.state != DaytonaVolume.State.DELETED);
        if (taken) {
            throw DaytonaRefusal.bad("Volume with name " + called + " already exists");
        }
        DaytonaVolume volume = new DaytonaVolume(id, organization, called, now);
        volumes.put(id, volume);
        time.after(time.transition(), "volume", () -> {
            synchronized (this) {
                volume.becomes(DaytonaVolume.State.READY, time.now());
            }
        });
        return volume;
    }

    synchronized List<DaytonaVolume> volumes(String organization, boolean deleted) {
        List<DaytonaVolume> found = new ArrayList<>();
        for (DaytonaVolume volume : volumes.values()) {
            if (volume.organization.equals(organization) && (deleted || volume.state != DaytonaVolume.State.DELETED)) {
                found.add(volume);
            }
        }
        return found;
    }

    synchronized DaytonaVolume volume(String organization, String id) {
        DaytonaVolume volume = volumes.get(id);
        if (volume == null || !volume.organization.equals(organization)) {
            throw DaytonaRefusal.missing("Volume with ID " + id + " not found");
        }
        return volume;
    }

    synchronized DaytonaVolume volumeByName(String organization, String name) {
        return volumes(organization, false).stream()
                .filter(volume -> volume.name.equals(name))
                .findFirst()
                .orElseThrow(() -> DaytonaRefusal.missing("Volume with name " + name + " not found"));
    }

    /** The one that a sandbox is to see, by id or name. */
    synchronized DaytonaVolume mountable(String organization, String idOrName) {
        DaytonaVolume volume = volumes(organization, false).stream()
                .filter(each -> each.id.equals(idOrName) || each.name.equals(idOrName))
                .findFirst()
                .orElseThrow(() -> DaytonaRefusal.missing("Volume '" + idOrName + "' not found"));
        if (volume.state != DaytonaVolume.State.READY) {
            throw DaytonaRefusal.bad(
                    "Volume '" + volume.name + "' is not in a ready state. Current state: " + volume.state.wire());
        }
        volume.lastUsedAt = time.now();
        return volume;
    }

    synchronized void delete(DaytonaVolume volume, boolean inUse) {
        if (volume.state != DaytonaVolume.State.READY && volume.state != DaytonaVolume.State.ERROR) {
            throw DaytonaRefusal.bad("Volume must be in ready or error state in order to be deleted");
        }
        if (inUse) {
            throw DaytonaRefusal.conflict("Volume cannot be deleted because it is in use by one or more sandboxes");
        }
        volume.becomes(DaytonaVolume.State.PENDING_DELETE, time.now());
        time.after(time.transition(), "volume", () -> {
            synchronized (this) {
                volume.becomes(DaytonaVolume.State.DELETED, time.now());
            }
        });
    }
}

package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaState.Desired;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import dev.sandkeeper.testkit.simulator.internal.Machines;
import dev.sandkeeper.testkit.simulator.internal.SavedFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How sandboxes come, change and go. A request sets what is wanted and is answered; what is wanted happens behind it. Safe from
 * many threads.
 */
final class DaytonaLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaLifecycle.class);
    private static final String BUSY = "Sandbox state change in progress";

    /** How long a request that creates or starts waits for the sandbox. */
    private static final Duration HOLD = Duration.ofSeconds(30);

    /** Between TERM and KILL when a sandbox is stopped. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final DaytonaFleet fleet;
    private final DaytonaShelf shelf;
    private final DaytonaTime time;
    private final DaytonaLimits limits;
    private final Machines machines;
    private final SandboxSpec spec;

    DaytonaLifecycle(
            DaytonaFleet fleet,
            DaytonaShelf shelf,
            DaytonaTime time,
            DaytonaLimits limits,
            Machines machines,
            SandboxSpec spec) {
        this.fleet = fleet;
        this.shelf = shelf;
        this.time = time;
        this.limits = limits;
        this.machines = machines;
        this.spec = spec;
    }

    /** Puts a new sandbox into the fleet and begins to make it. */
    DaytonaBox create(String organization, DaytonaOrder order) {
        DaytonaBox box = new DaytonaBox(DaytonaShelf.id(), organization, order, time.now());
        synchronized (fleet) {
            checkQuota(organization, box);
            if (order.build() != null) {
                box.state = DaytonaState.BUILDING_SNAPSHOT;
            }
            fleet.add(box);
        }
        later("create", () -> provision(box));
        return box;
    }

    private void checkQuota(String organization, DaytonaBox more) {
        long cpu = more.cpu;
        long memory = more.memory;
        long disk = more.disk;
        for (DaytonaBox each : fleet.of(organization)) {
            boolean runs = !each.gone() && !each.state.failed() && each.desired == Desired.STARTED;
            cpu += runs && each != more ? each.cpu : 0;
            memory += runs && each != more ? each.memory : 0;
            boolean stored = !each.gone() && each.state != DaytonaState.ARCHIVED;
            disk += stored && each != more ? each.disk : 0;
        }
        limits.checkAll(cpu, memory, disk);
    }

    private void provision(DaytonaBox box) {
        DaytonaGuest guest;
        try {
            Machine machine = machines.create(spec, box.order.env());
            guest = new DaytonaGuest(machines.backing(), machine, workers());
            fill(box, guest);
        } catch (SandboxException e) {
            LOG.debug("a sandbox could not be made", e);
            fail(box, "failed to create: " + e.getMessage());
            return;
        }
        boolean wanted;
        synchronized (fleet) {
            wanted = box.state != DaytonaState.ERROR && box.state != DaytonaState.DESTROYED;
            if (wanted) {
                box.guest = guest;
                box.becomes(DaytonaState.STARTED, time.now());
                fleet.notifyAll();
            }
        }
        if (!wanted) {
            guest.destroy();
        }
    }

    /** A snapshot that was taken of a sandbox brings that one's files. */
    private static void fill(DaytonaBox box, DaytonaGuest guest) {
        DaytonaSnapshot snapshot = box.order.snapshot();
        SavedFiles content = snapshot == null ? null : snapshot.content;
        if (content != null) {
            content.putInto(guest.sandbox().files());
        }
    }

    private Executor workers() {
        return task -> time.run("guest", task);
    }

    private void fail(DaytonaBox box, String reason) {
        synchronized (fleet) {
            box.fails(reason, time.now());
            fleet.notifyAll();
        }
    }

    /** Waits as long as the provider does, for a sandbox to be started or to have failed. */
    void hold(DaytonaBox box) throws InterruptedException {
        long end = System.nanoTime() + HOLD.toNanos();
        synchronized (fleet) {
            while (box.state != DaytonaState.STARTED && !box.state.failed() && box.state != DaytonaState.DESTROYED) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return;
                }
                fleet.wait(left);
            }
            if (box.state.failed()) {
                throw DaytonaRefusal.bad("Sandbox failed to start: " + box.errorReason);
            }
        }
    }

    /** Answers whether there is something to wait for. */
    boolean start(DaytonaBox box) {
        boolean archived;
        synchronized (fleet) {
            if (box.state == DaytonaState.STARTED && box.desired == Desired.STARTED) {
                return false;
            }
            if (box.state.failed()) {
                throw DaytonaRefusal.bad("Sandbox is in an errored state");
            }
            checkSteady(box);
            archived = box.state == DaytonaState.ARCHIVED;
            if (box.state != DaytonaState.STOPPED && !archived) {
                throw DaytonaRefusal.bad("Sandbox is not in valid state");
            }
            checkQuota(box.organization, box);
            box.wants(Desired.STARTED, time.now());
            box.previewToken = DaytonaTokens.preview();
        }
        later("start", () -> started(box));
        return !archived;
    }

    private void started(DaytonaBox box) {
        DaytonaGuest guest = guestOf(box);
        try {
            if (guest != null) {
                guest.start();
            }
        } catch (SandboxException e) {
            fail(box, "failed to start: " + e.getMessage());
            return;
        }
        becomes(box, DaytonaState.STARTED);
    }

    void stop(DaytonaBox box, boolean force) {
        boolean dies;
        synchronized (fleet) {
            checkSteady(box);
            if (box.state.failed()) {
                throw DaytonaRefusal.bad("Sandbox is in an errored state");
            }
            if (box.state != DaytonaState.STARTED) {
                throw DaytonaRefusal.bad("Sandbox is not in a stoppable state");
            }
            dies = box.ephemeral();
            if (dies) {
                leave(box);
            } else {
                box.wants(Desired.STOPPED, time.now());
            }
        }
        later("stop", () -> {
            if (dies) {
                destroyed(box);
            } else {
                stopped(box, force);
            }
        });
    }

    private void stopped(DaytonaBox box, boolean force) {
        DaytonaGuest guest = guestOf(box);
        try {
            if (guest != null) {
                guest.stop(force ? Duration.ofMillis(1) : GRACE);
            }
        } catch (SandboxException e) {
            LOG.debug("what ran in a sandbox that was stopped may go on", e);
        }
        becomes(box, DaytonaState.STOPPED);
    }

    void archive(DaytonaBox box) {
        synchronized (fleet) {
            checkSteady(box);
            if (box.ephemeral()) {
                throw DaytonaRefusal.bad("Ephemeral sandboxes cannot be archived");
            }
            if (box.state != DaytonaState.STOPPED || box.desired == Desired.ARCHIVED) {
                throw DaytonaRefusal.bad("Sandbox is not stopped");
            }
            box.wants(Desired.ARCHIVED, time.now());
        }
        later("archive", () -> {
            synchronized (fleet) {
                if (box.desired == Desired.ARCHIVED) {
                    box.backupState = "Completed";
                    box.backupCreatedAt = time.now();
                    box.becomes(DaytonaState.ARCHIVED, time.now());
                }
            }
        });
    }

    void delete(DaytonaBox box) {
        boolean atOnce;
        synchronized (fleet) {
            if (box.state != DaytonaState.PENDING_BUILD) {
                checkIdle(box);
            }
            atOnce = box.state.failed();
            leave(box);
        }
        if (atOnce) {
            time.run("delete", () -> destroyed(box));
        } else {
            later("delete", () -> destroyed(box));
        }
    }

    /** Its name is free from now on. */
    private void leave(DaytonaBox box) {
        box.name = "DESTROYED_" + box.name + "_" + time.now().toEpochMilli();
        box.wants(Desired.DESTROYED, time.now());
    }

    private void destroyed(DaytonaBox box) {
        DaytonaGuest guest = guestOf(box);
        try {
            if (guest != null) {
                guest.destroy();
            }
        } finally {
            synchronized (fleet) {
                box.guest = null;
                box.becomes(DaytonaState.DESTROYED, time.now());
                fleet.notifyAll();
            }
        }
    }

    void resize(DaytonaBox box, @Nullable Long cpu, @Nullable Long memory, @Nullable Long disk) {
        Desired before;
        synchronized (fleet) {
            checkSteady(box);
            boolean runs = box.state == DaytonaState.STARTED;
            if (!runs && box.state != DaytonaState.STOPPED) {
                throw DaytonaRefusal.bad("Sandbox is not in a resizable state");
            }
            long newCpu = cpu == null ? box.cpu : cpu;
            long newMemory = memory == null ? box.memory : memory;
            long newDisk = disk == null ? box.disk : disk;
            if (newCpu == box.cpu && newMemory == box.memory && newDisk == box.disk) {
                throw DaytonaRefusal.bad("No resource changes specified");
            }
            if (runs && newDisk != box.disk) {
                throw DaytonaRefusal.bad("Disk cannot be resized while the sandbox is running. Stop it first");
            }
            if (runs && (newCpu < box.cpu || newMemory < box.memory)) {
                throw DaytonaRefusal.bad("CPU and memory of a running sandbox can only be increased");
            }
            if (newDisk < box.disk) {
                throw DaytonaRefusal.bad("Disk size cannot be decreased");
            }
            limits.checkOne(newCpu, newMemory, newDisk);
            before = box.desired;
            box.cpu = newCpu;
            box.memory = newMemory;
            box.disk = newDisk;
            box.becomes(DaytonaState.RESIZING, time.now());
        }
        later("resize", () -> becomes(box, before == Desired.STARTED ? DaytonaState.STARTED : DaytonaState.STOPPED));
    }

    void snapshot(DaytonaBox box, String name) {
        DaytonaState before;
        DaytonaSnapshot snapshot;
        synchronized (fleet) {
            checkSteady(box);
            if (box.state != DaytonaState.STARTED && box.state != DaytonaState.STOPPED) {
                throw DaytonaRefusal.bad("Sandbox must be started or stopped to create a snapshot of it");
            }
            before = box.state;
            snapshot = shelf.create(
                    box.organization,
                    new DaytonaSnapshot.Plan(
                            name, null, null, java.util.List.of(), box.id, box.cpu, box.memory, box.disk));
            box.becomes(DaytonaState.SNAPSHOTTING, time.now());
        }
        later("snapshot", () -> taken(box, before, snapshot));
    }

    private void taken(DaytonaBox box, DaytonaState before, DaytonaSnapshot snapshot) {
        DaytonaGuest guest = guestOf(box);
        try {
            shelf.filled(snapshot, guest == null ? SavedFiles.none() : content(guest));
        } catch (SandboxException | IOException e) {
            shelf.failed(snapshot, "failed to snapshot: " + e.getMessage());
        }
        becomes(box, before);
    }

    private static SavedFiles content(DaytonaGuest guest) throws IOException {
        return guest.whileAttached(sandbox -> SavedFiles.of(sandbox.files(), guest.workDirectory()));
    }

    void recover(DaytonaBox box) {
        synchronized (fleet) {
            if (box.state != DaytonaState.ERROR || !box.recoverable) {
                throw DaytonaRefusal.bad("Sandbox is not recoverable");
            }
            box.errorReason = null;
            box.recoverable = false;
            box.wants(Desired.STARTED, time.now());
            box.becomes(DaytonaState.STOPPED, time.now());
        }
        later("recover", () -> started(box));
    }

    void backup(DaytonaBox box) {
        synchronized (fleet) {
            if (box.ephemeral()) {
                throw DaytonaRefusal.bad("Ephemeral sandboxes cannot be backed up");
            }
            if (box.backupState.equals("InProgress") || box.backupState.equals("Pending")) {
                throw DaytonaRefusal.bad("Backup is already in progress");
            }
            box.backupState = "Pending";
        }
        later("backup", () -> {
            synchronized (fleet) {
                box.backupState = "Completed";
                box.backupCreatedAt = time.now();
            }
        });
    }

    /** What runs in it is lost, and the control plane has not noticed yet. */
    void lose(DaytonaBox box) {
        DaytonaGuest guest = guestOf(box);
        if (guest != null) {
            guest.destroy();
        }
    }

    private static void checkIdle(DaytonaBox box) {
        if (box.pending()) {
            throw DaytonaRefusal.conflict(BUSY);
        }
    }

    /** What is on its way into the archive can be deleted and nothing else. */
    private static void checkSteady(DaytonaBox box) {
        if (box.pending() || (box.desired == Desired.ARCHIVED && box.state == DaytonaState.STOPPED)) {
            throw DaytonaRefusal.conflict(BUSY);
        }
    }

    private @Nullable DaytonaGuest guestOf(DaytonaBox box) {
        synchronized (fleet) {
            return box.guest;
        }
    }

    private void becomes(DaytonaBox box, DaytonaState state) {
        synchronized (fleet) {
            box.becomes(state, time.now());
            fleet.notifyAll();
        }
    }

    private void later(String what, Runnable change) {
        time.after(time.transition(), what, change);
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.SnapshotNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A deployment's snapshots. Their names are known before and unique in the organisation, so that one whose answer was lost is
 * found again, and asking twice makes one.
 */
final class Snapshots {
    private static final Duration MAKING = Duration.ofMinutes(10);
    private static final Duration DELETING = Duration.ofSeconds(50);
    private static final Duration DISCARDING = Duration.ofSeconds(20);
    private static final int MOST_TRIES = 3;
    private static final int MOST_LOOKS = 4;
    private static final int MOST_PAGES = 500;
    private static final long FIRST_PAUSE = 50;
    private static final long LONGEST_PAUSE = 1000;

    private final String backend;
    private final DaytonaApi all;

    Snapshots(String backend, DaytonaApi api) {
        this.backend = backend;
        this.all = api;
    }

    Snapshot make(String deployment, String ref, String name) {
        String atProvider = SnapshotNames.atProvider(deployment, name);
        Deadline deadline = Deadline.in(MAKING);
        DaytonaApi api = all.until(deadline);
        if (api.findSnapshot(atProvider).isPresent()) {
            throw SnapshotNames.taken(backend, name);
        }
        begin(api, ref, name, atProvider);
        Wire.Snapshot made = awaitActive(api, deadline, atProvider);
        awaitSteady(api, deadline, ref);
        return shown(name, atProvider, made);
    }

    private void begin(DaytonaApi api, String ref, String name, String atProvider) {
        boolean lost = false;
        for (int attempt = 1; ; attempt++) {
            try {
                api.snapshot(ref, atProvider);
                return;
            } catch (OutcomeUnknownException | SandboxConflictException e) {
                lost |= e instanceof OutcomeUnknownException;
                boolean there = look(api, atProvider);
                if (there && lost) {
                    return;
                }
                if (there) {
                    throw SnapshotNames.taken(backend, name);
                }
                if (!lost) {
                    throw e;
                }
                if (attempt == MOST_TRIES) {
                    throw unknown(atProvider, "it is not known whether Daytona makes it", e);
                }
                // the name keeps this from making a second one
            }
        }
    }

    /** What was asked for may be seen a little later. */
    private boolean look(DaytonaApi api, String atProvider) {
        for (int i = 0; i < MOST_LOOKS; i++) {
            if (api.findSnapshot(atProvider).isPresent()) {
                return true;
            }
            pause(FIRST_PAUSE << i, "look for snapshot " + atProvider);
        }
        return false;
    }

    private Wire.Snapshot awaitActive(DaytonaApi api, Deadline deadline, String atProvider) {
        int misses = 0;
        String told = "not seen";
        for (long wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
            SandboxException fault = null;
            try {
                Optional<Wire.Snapshot> found = api.findSnapshot(atProvider);
                if (found.isPresent()) {
                    Wire.Snapshot now = found.get();
                    if (now.is("active")) {
                        return now;
                    }
                    if (now.is("error", "build_failed", "inactive", "removing")) {
                        throw failed(atProvider, now);
                    }
                    told = String.valueOf(now.state());
                } else if (++misses > MOST_LOOKS) {
                    throw failed(atProvider, null);
                }
            } catch (BackendUnavailableException e) {
                fault = e;
            }
            if (deadline.passed()) {
                throw unknown(atProvider, "it is " + told + " after " + MAKING, fault);
            }
            pause(wait, "wait for snapshot " + atProvider);
        }
    }

    /** What is left of it would keep its name. */
    private BackendRejectedException failed(String atProvider, Wire.@Nullable Snapshot snapshot) {
        String reason = snapshot == null ? null : snapshot.errorReason();
        BackendRejectedException failed = new BackendRejectedException(all.failure(
                        "snapshot_failed",
                        "Daytona could not make snapshot " + atProvider + ": it is "
                                + (snapshot == null ? "gone" : snapshot.state())
                                + (reason == null ? "" : ": " + reason))
                .remedy("Try again; if it stays so, see the limits of the organisation"));
        try {
            remove(all.until(Deadline.in(DISCARDING)), atProvider, DISCARDING);
        } catch (SandboxException e) {
            failed.addSuppressed(e);
        }
        return failed;
    }

    private OutcomeUnknownException unknown(String atProvider, String why, @Nullable SandboxException cause) {
        return new OutcomeUnknownException(all.failure("outcome_unknown", "snapshot " + atProvider + ": " + why)
                .cause(cause)
                .remedy("See SandboxManager.snapshots() in a few minutes"));
    }

    /** The snapshot may be there a moment before its sandbox takes anything else. */
    private void awaitSteady(DaytonaApi api, Deadline deadline, String ref) {
        for (long wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
            boolean busy;
            try {
                busy = api.find(ref).filter(each -> each.phase() == Phase.BUSY).isPresent();
            } catch (BackendUnavailableException e) {
                busy = true;
            }
            if (!busy || deadline.passed()) {
                return;
            }
            pause(wait, "wait for sandbox " + ref);
        }
    }

    List<Snapshot> list(String deployment) {
        List<Snapshot> found = new ArrayList<>();
        for (int page = 1; page <= MOST_PAGES; page++) {
            Wire.SnapshotPage answer = all.snapshots(SnapshotNames.prefix(deployment), page);
            List<Wire.Snapshot> items = answer.items() == null ? List.of() : answer.items();
            for (Wire.Snapshot each : items) {
                String atProvider = each.name() == null ? "" : each.name();
                if (!each.is("removing")) {
                    SnapshotNames.of(deployment, atProvider)
                            .ifPresent(name -> found.add(shown(name, atProvider, each)));
                }
            }
            if (items.isEmpty() || answer.totalPages() == null || page >= answer.totalPages()) {
                break;
            }
        }
        return found;
    }

    private Snapshot shown(String name, String atProvider, Wire.Snapshot snapshot) {
        return new Snapshot(backend, name, DaytonaBackend.snapshot(atProvider), snapshot.made());
    }

    void delete(String deployment, String image) {
        String atProvider = image.startsWith(SpecRules.SNAPSHOT) ? image.substring(SpecRules.SNAPSHOT.length()) : "";
        if (SnapshotNames.of(deployment, atProvider).isPresent()) {
            remove(all.until(Deadline.in(DELETING)), atProvider, DELETING);
        }
    }

    /** Until its name is free. */
    private void remove(DaytonaApi api, String atProvider, Duration bound) {
        Deadline deadline = Deadline.in(bound);
        for (long wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
            Optional<Wire.Snapshot> found = api.findSnapshot(atProvider);
            if (found.isEmpty()) {
                return;
            }
            String id = found.get().id();
            if (deadline.passed() || id == null) {
                throw new BackendUnavailableException(api.failure(
                                "snapshot_not_deleted",
                                "snapshot " + atProvider + " is not known to be gone after " + bound + ": it is "
                                        + found.get().state())
                        .remedy("Try again"));
            }
            if (!found.get().is("removing")) {
                ask(api, id);
            }
            pause(wait, "delete snapshot " + atProvider);
        }
    }

    private static void ask(DaytonaApi api, String id) {
        try {
            api.deleteSnapshot(id);
        } catch (SandboxConflictException e) {
            // it is in a transition, perhaps the very one that is wanted
        }
    }

    private void pause(long milliseconds, String what) {
        try {
            TimeUnit.MILLISECONDS.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw all.client().interrupted(what, e);
        }
    }
}

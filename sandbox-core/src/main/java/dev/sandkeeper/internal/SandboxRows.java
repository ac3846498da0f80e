package dev.sandkeeper.internal;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one deployment: everything that the rest of core asks of a store. Every method is one short transaction, ends
 * before an interrupt of the caller is honoured (the flag stays set) and throws
 * {@link dev.sandkeeper.StoreUnavailableException} where the database does not answer. Safe from many threads and JVMs.
 */
public interface SandboxRows {
    /**
     * The deployment's id.
     *
     * @return 1 to 40 of {@code [a-z0-9-]}
     */
    String deployment();

    /**
     * The store's clock: the only one that is compared with a row.
     *
     * @return the time, in whole milliseconds
     */
    Instant now();

    /**
     * Adds a row. It is durable when this returns.
     *
     * @param row a row of version 0
     * @return the row with version 1
     * @throws dev.sandkeeper.SandboxConflictException if a row or history with its id exists
     */
    SandboxRow insert(SandboxRow row);

    /**
     * Finds a live row.
     *
     * @param id the sandbox
     * @return the row
     */
    Optional<SandboxRow> find(SandboxId id);

    /**
     * Finds a live row by its provider's name for it.
     *
     * @param backend the backend's name, or null for any
     * @param providerRef the provider's name
     * @return the row; the oldest one if there are several
     */
    Optional<SandboxRow> findByRef(@Nullable String backend, String providerRef);

    /**
     * Finds what is kept of a sandbox that has ended.
     *
     * @param id the sandbox
     * @return its history
     */
    Optional<HistoryRow> findHistory(SandboxId id);

    /**
     * Replaces a row if it is still as it was seen.
     *
     * @param next the changed copy of what was seen: its version is the one expected in the store
     * @return the row with the next version, or nothing if somebody else changed or ended it
     */
    Optional<SandboxRow> compareAndSet(SandboxRow next);

    /**
     * Ends a row: deletes it and writes its history, in one transaction, if it is still as it was seen.
     *
     * @param history what is kept; {@code last} is the row as it was seen
     * @return false if somebody else changed or ended it; nothing is written then
     */
    boolean archive(HistoryRow history);

    /**
     * Finds what somebody must look at, by one range scan of {@code (due_at, id)}.
     *
     * @param now the store's time
     * @param limit the most rows
     * @return rows whose {@code dueAt} is not after now, the most overdue first
     */
    List<SandboxRow> due(Instant now, int limit);

    /**
     * When somebody must look next.
     *
     * @return the earliest {@code dueAt}, or nothing if there are no rows
     */
    Optional<Instant> nextDue();

    /**
     * Says that something happens in sandboxes: one batched statement. Only rows that are live are changed; their
     * {@code lastActiveAt} becomes now and {@code busyUntil} at least what is given, and their version grows.
     *
     * @param busyUntil by id: until when this JVM vouches for activity; null values just touch
     * @return those ids whose row is not live any more
     */
    Set<SandboxId> touch(Map<SandboxId, Optional<Instant>> busyUntil);

    /**
     * Keeps the leases of creates under way: one batched statement. Only rows in PROVISIONING with that owner are changed;
     * {@code leaseUntil} and {@code dueAt} become the given time, and the version goes up.
     *
     * @param ids the sandboxes
     * @param owner the lease owner
     * @param until the new end
     */
    void keepProvisioning(Collection<SandboxId> ids, String owner, Instant until);

    /**
     * Keeps a cleaner's lease.
     *
     * @param claimed the row as it was claimed
     * @param until the new end
     * @return the row with the next version, or nothing if the lease was lost
     */
    default Optional<SandboxRow> keepLease(SandboxRow claimed, Instant until) {
        return compareAndSet(
                claimed.change().lease(claimed.leaseOwner(), until).dueAt(until).build());
    }

    /**
     * Lists live rows by id, a page at a time.
     *
     * @param filter which ones
     * @param after the last id of the page before; null for the first page
     * @param limit the most rows
     * @return the page, in the order of ids: an empty one ends the list
     */
    List<SandboxRow> list(RowFilter filter, @Nullable SandboxId after, int limit);

    /**
     * Which live rows to list: all conditions that are given must hold.
     *
     * @param backend the backend's name, or null
     * @param owner the owner, or null
     * @param states the states; empty for all
     * @param labels labels that the row must have with these values
     * @param createdBefore rows made before this time, or null
     */
    record RowFilter(
            @Nullable String backend,
            @Nullable String owner,
            Set<SandboxState> states,
            Map<String, String> labels,
            @Nullable Instant createdBefore) {
        /** Every live row. */
        public static final RowFilter ALL = new RowFilter(null, null, Set.of(), Map.of(), null);

        /** Copies the collections. */
        public RowFilter {
            states = Set.copyOf(states);
            labels = Map.copyOf(labels);
        }
    }

    /**
     * Lists history from the newest on, a page at a time.
     *
     * @param filter which
     * @param after the last of the page before; null for the first page
     * @param limit the most entries
     * @return the page: an empty one ends the list
     */
    List<HistoryRow> listHistory(HistoryFilter filter, @Nullable HistoryCursor after, int limit);

    /**
     * Forgets the oldest history.
     *
     * @param endedBefore what ended before this time
     * @param limit the most entries
     * @return how many it were
     */
    int purgeHistory(Instant endedBefore, int limit);

    /**
     * Counts live rows: reads all of an index.
     *
     * @param stuckAfter from how many failed attempts on a row in CLEANING counts as stuck
     * @return the counts
     */
    RowCounts count(int stuckAfter);

    /**
     * Which history to list: all conditions that are given must hold.
     *
     * @param backend the backend's name, or null
     * @param owner the owner, or null
     * @param policy the policy that ended it, or null
     * @param endedFrom ended at this time or later, or null
     * @param endedBefore ended before this time, or null
     * @param labels labels that it must have had, with these values; no index serves them
     */
    record HistoryFilter(
            @Nullable String backend,
            @Nullable String owner,
            @Nullable String policy,
            @Nullable Instant endedFrom,
            @Nullable Instant endedBefore,
            Map<String, String> labels) {
        /** All history. */
        public static final HistoryFilter ALL = new HistoryFilter(null, null, null, null, null, Map.of());

        /** Copies the map. */
        public HistoryFilter {
            labels = Map.copyOf(labels);
        }
    }

    /**
     * A place in the list of history.
     *
     * @param endedAt of the entry there
     * @param id of the entry there
     */
    record HistoryCursor(Instant endedAt, SandboxId id) {}

    /**
     * How many live rows there are.
     *
     * @param byState of each state but CLEANED, 0 where there are none
     * @param stuck how many in CLEANING have failed too often
     */
    record RowCounts(Map<SandboxState, Long> byState, long stuck) {
        /** Copies the map. */
        public RowCounts {
            byState = Map.copyOf(byState);
        }
    }

    /**
     * Whether this may be another, emptied database under an id that is in use: true from the making of a database whose
     * deployment id the host named until {@link #confirm()} or until the host confirms the id. Survives restarts.
     *
     * @return true if nothing that a provider lists may be taken for an orphan
     */
    boolean unconfirmed();

    /** Says, durably, that the providers had nothing of this deployment that the rows do not know. */
    void confirm();

    /** Lets go of the database. Idempotent, never throws. */
    void close();
}

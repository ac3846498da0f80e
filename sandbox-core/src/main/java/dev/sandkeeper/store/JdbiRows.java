package dev.sandkeeper.store;

import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** The rows in a database. Portable SQL: what differs is in {@link Dialect}. */
final class JdbiRows implements SandboxRows {
    /** Those whose activity counts: an expired one is only revived by a renewal. */
    private static final String TOUCHABLE = "state IN ('PROVISIONING', 'ACTIVE', 'PAUSING', 'PAUSED', 'RESUMING')";

    private final Database database;
    private final Deployment deployment;
    private final @Nullable Clock clock;

    JdbiRows(Database database, Deployment deployment, @Nullable Clock clock) {
        this.database = database;
        this.deployment = deployment;
        this.clock = clock;
    }

    @Override
    public String deployment() {
        return deployment.id();
    }

    @Override
    public Instant now() {
        return clock != null ? Instant.ofEpochMilli(clock.millis()) : database.transaction(this::now);
    }

    private Instant now(Handle handle) {
        return Instant.ofEpochMilli(clock != null ? clock.millis() : database.now(handle));
    }

    @Override
    public SandboxRow insert(SandboxRow row) {
        SandboxRow inserted = row.withVersion(1);
        if (!database.transaction(handle -> insert(handle, inserted))) {
            throw new SandboxConflictException(
                    Failure.of("sandbox_exists", "a sandbox with this id is or was in the store")
                            .sandbox(row.id())
                            .remedy("Ids are never used twice: create a new sandbox"));
        }
        return inserted;
    }

    private boolean insert(Handle handle, SandboxRow row) {
        try {
            Columns.bindFixed(
                            Columns.bindChanging(
                                    handle.createUpdate("INSERT INTO sandkeeper_sandbox (" + Columns.ALL + ") VALUES ("
                                            + Columns.PARAMETERS + ")"),
                                    row),
                            row)
                    .execute();
        } catch (JdbiException e) {
            SQLException sql = StoreFaults.find(SQLException.class, e);
            if (sql != null && database.dialect().duplicateKey(sql)) {
                handle.rollback();
                return false;
            }
            throw e;
        }
        // only now: an archive of the same id that was under way has made the insert wait
        if (findHistory(handle, row.id()).isPresent()) {
            handle.rollback();
            return false;
        }
        if (!row.labels().isEmpty()) {
            PreparedBatch labels =
                    handle.prepareBatch("INSERT INTO sandkeeper_label (sandbox_id, label_name, label_value)"
                            + " VALUES (:id, :name, :value)");
            row.labels()
                    .forEach((name, value) -> labels.bind("id", row.id().toString())
                            .bind("name", name)
                            .bind("value", value)
                            .add());
            labels.execute();
        }
        return true;
    }

    @Override
    public Optional<SandboxRow> find(SandboxId id) {
        return database.transaction(
                handle -> handle.createQuery("SELECT " + Columns.ALL + " FROM sandkeeper_sandbox WHERE id = :id")
                        .bind("id", id.toString())
                        .map((row, context) -> Columns.read(row))
                        .findOne());
    }

    @Override
    public Optional<SandboxRow> findByRef(@Nullable String backend, String providerRef) {
        return database.transaction(
                handle -> handle
                        .createQuery(RowQueries.BY_REF)
                        .bind("ref", providerRef)
                        .map((row, context) -> Columns.read(row))
                        .stream()
                        .filter(row -> backend == null || row.backend().equals(backend))
                        .min(Comparator.comparing(SandboxRow::id)));
    }

    @Override
    public Optional<HistoryRow> findHistory(SandboxId id) {
        return database.transaction(handle -> findHistory(handle, id));
    }

    private static Optional<HistoryRow> findHistory(Handle handle, SandboxId id) {
        return handle.createQuery("SELECT " + Columns.HISTORY + " FROM sandkeeper_history WHERE id = :id")
                .bind("id", id.toString())
                .map((row, context) -> Columns.readHistory(row))
                .findOne();
    }

    @Override
    public Optional<SandboxRow> compareAndSet(SandboxRow next) {
        int changed = database.transaction(handle -> Columns.bindChanging(
                        handle.createUpdate("UPDATE sandkeeper_sandbox SET version = version + 1, "
                                + Columns.ASSIGNMENTS + " WHERE id = :id AND version = :version"),
                        next)
                .execute());
        return changed == 1 ? Optional.of(next.withVersion(next.version() + 1)) : Optional.empty();
    }

    @Override
    public boolean archive(HistoryRow history) {
        return database.transaction(handle -> archive(handle, history));
    }

    static boolean archive(Handle handle, HistoryRow history) {
        String id = history.last().id().toString();
        int deleted = handle.createUpdate("DELETE FROM sandkeeper_sandbox WHERE id = :id AND version = :version")
                .bind("id", id)
                .bind("version", history.last().version())
                .execute();
        if (deleted == 0) {
            return false;
        }
        handle.createUpdate("DELETE FROM sandkeeper_label WHERE sandbox_id = :id")
                .bind("id", id)
                .execute();
        Columns.bindHistory(
                        handle.createUpdate("INSERT INTO sandkeeper_history (" + Columns.HISTORY + ") VALUES ("
                                + Columns.HISTORY_PARAMETERS + ")"),
                        history)
                .execute();
        return true;
    }

    @Override
    public List<SandboxRow> due(Instant now, int limit) {
        return database.transaction(handle -> handle.createQuery(RowQueries.DUE)
                .bind("now", now.toEpochMilli())
                .bind("limit", limit)
                .map((row, context) -> Columns.read(row))
                .list());
    }

    @Override
    public Optional<Instant> nextDue() {
        return database.transaction(handle -> handle.createQuery(RowQueries.NEXT_DUE)
                .mapTo(Long.class)
                .findOne()
                .map(Instant::ofEpochMilli));
    }

    @Override
    public Set<SandboxId> touch(Map<SandboxId, Optional<Instant>> busyUntil) {
        if (busyUntil.isEmpty()) {
            return Set.of();
        }
        // in the order of ids, so that two JVMs do not wait for each other
        Map<SandboxId, Optional<Instant>> ordered = new TreeMap<>(busyUntil);
        return database.transaction(handle -> touch(handle, ordered));
    }

    private Set<SandboxId> touch(Handle handle, Map<SandboxId, Optional<Instant>> busyUntil) {
        long now = now(handle).toEpochMilli();
        PreparedBatch batch = handle.prepareBatch("UPDATE sandkeeper_sandbox SET version = version + 1,"
                + " last_active_at = CASE WHEN last_active_at < :now THEN :now ELSE last_active_at END,"
                + " busy_until = CASE WHEN COALESCE(busy_until, 0) < :busy THEN :busy ELSE busy_until END"
                + " WHERE id = :id AND " + TOUCHABLE);
        busyUntil.forEach((id, until) -> batch.bind("now", now)
                .bind("busy", until.map(Instant::toEpochMilli).orElse(0L))
                .bind("id", id.toString())
                .add());
        int[] changed = batch.execute();
        Set<SandboxId> untouched = new LinkedHashSet<>();
        int index = 0;
        for (SandboxId id : busyUntil.keySet()) {
            int count = changed[index++];
            if (count == 0 || (count == Statement.SUCCESS_NO_INFO && !isTouchable(handle, id))) {
                untouched.add(id);
            }
        }
        return untouched;
    }

    /** For drivers that a host has told to send batches in one go: those do not say what became of each statement. */
    private static boolean isTouchable(Handle handle, SandboxId id) {
        return handle.createQuery("SELECT id FROM sandkeeper_sandbox WHERE id = :id AND " + TOUCHABLE)
                .bind("id", id.toString())
                .mapTo(String.class)
                .findOne()
                .isPresent();
    }

    @Override
    public void keepProvisioning(Collection<SandboxId> ids, String owner, Instant until) {
        if (ids.isEmpty()) {
            return;
        }
        Set<SandboxId> ordered = new TreeSet<>(ids);
        database.transaction(handle -> {
            PreparedBatch batch = handle.prepareBatch("UPDATE sandkeeper_sandbox SET version = version + 1,"
                    + " lease_until = :until, due_at = :until"
                    + " WHERE id = :id AND state = 'PROVISIONING' AND lease_owner = :owner");
            ordered.forEach(id -> batch.bind("until", until.toEpochMilli())
                    .bind("id", id.toString())
                    .bind("owner", owner)
                    .add());
            return batch.execute();
        });
    }

    @Override
    public List<SandboxRow> list(RowFilter filter, @Nullable SandboxId after, int limit) {
        Map<String, Object> parameters = new HashMap<>();
        String sql = RowQueries.list(filter, after, limit, parameters);
        return database.transaction(handle -> {
            Query query = handle.createQuery(sql);
            parameters.forEach(query::bind);
            return query.map((row, context) -> Columns.read(row)).list();
        });
    }

    @Override
    public List<HistoryRow> listHistory(HistoryFilter filter, @Nullable HistoryCursor after, int limit) {
        Map<String, Object> parameters = new HashMap<>();
        String sql = RowQueries.history(filter, after, limit, parameters);
        return database.transaction(handle -> {
            Query query = handle.createQuery(sql);
            parameters.forEach(query::bind);
            return query.map((row, context) -> Columns.readHistory(row)).list();
        });
    }

    @Override
    public int purgeHistory(Instant endedBefore, int limit) {
        return database.transaction(handle -> {
            List<String> ids = handle.createQuery(RowQueries.OLDEST_HISTORY)
                    .bind("before", endedBefore.toEpochMilli())
                    .bind("limit", limit)
                    .mapTo(String.class)
                    .list();
            if (ids.isEmpty()) {
                return 0;
            }
            PreparedBatch batch = handle.prepareBatch("DELETE FROM sandkeeper_history WHERE id = :id");
            // in the order of ids, so that two JVMs do not wait for each other
            ids.stream().sorted().forEach(id -> batch.bind("id", id).add());
            batch.execute();
            return ids.size();
        });
    }

    /** How many rows have a state in common, and how often cleaning has failed. */
    private record Count(SandboxState state, int attempts, long sandboxes) {}

    @Override
    public RowCounts count(int stuckAfter) {
        return database.transaction(handle -> {
            Map<SandboxState, Long> byState = new EnumMap<>(SandboxState.class);
            for (SandboxState state : SandboxState.values()) {
                if (state != SandboxState.CLEANED) {
                    byState.put(state, 0L);
                }
            }
            long stuck = 0;
            for (Count count : handle.createQuery(RowQueries.COUNT)
                    .map((row, context) -> new Count(
                            SandboxState.valueOf(row.getString("state")),
                            row.getInt("attempts"),
                            row.getLong("sandboxes")))
                    .list()) {
                byState.merge(count.state(), count.sandboxes(), Long::sum);
                boolean tooOften = count.state() == SandboxState.CLEANING && count.attempts() >= stuckAfter;
                stuck += tooOften ? count.sandboxes() : 0;
            }
            return new RowCounts(byState, stuck);
        });
    }

    @Override
    public boolean unconfirmed() {
        return database.transaction(Deployment::isUnconfirmed);
    }

    @Override
    public void confirm() {
        database.transaction(Deployment::confirm);
    }

    @Override
    public void close() {
        database.close();
    }
}

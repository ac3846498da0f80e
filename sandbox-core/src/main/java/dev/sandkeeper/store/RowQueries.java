package dev.sandkeeper.store;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRows.HistoryCursor;
import dev.sandkeeper.internal.SandboxRows.HistoryFilter;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The queries that must be served by an index, however many rows there are. */
final class RowQueries {
    /** Parameters {@code now} and {@code limit}. */
    static final String DUE =
            "SELECT " + Columns.ALL + " FROM sandkeeper_sandbox WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit";

    static final String NEXT_DUE = "SELECT MIN(due_at) FROM sandkeeper_sandbox";

    /** Parameters {@code before} and {@code limit}: the ids of the oldest history. */
    static final String OLDEST_HISTORY =
            "SELECT id FROM sandkeeper_history WHERE ended_at < :before ORDER BY ended_at, id LIMIT :limit";

    /** All of the index on states, and nothing else. */
    static final String COUNT =
            "SELECT state, attempts, COUNT(*) AS sandboxes FROM sandkeeper_sandbox" + " GROUP BY state, attempts";

    /** Parameter {@code ref}: hardly ever more than one. */
    static final String BY_REF = "SELECT " + Columns.ALL + " FROM sandkeeper_sandbox WHERE provider_ref = :ref";

    private RowQueries() {}

    /**
     * History from the newest on.
     *
     * @param parameters takes the values of the query's parameters
     */
    static String history(
            HistoryFilter filter, @Nullable HistoryCursor after, int limit, Map<String, Object> parameters) {
        List<String> conditions = new ArrayList<>();
        add(conditions, parameters, "owner = :owner", "owner", filter.owner());
        add(conditions, parameters, "backend = :backend", "backend", filter.backend());
        add(conditions, parameters, "end_policy = :policy", "policy", filter.policy());
        add(conditions, parameters, "ended_at >= :from", "from", millis(filter.endedFrom()));
        add(conditions, parameters, "ended_at < :to", "to", millis(filter.endedBefore()));
        int label = 0;
        for (Map.Entry<String, String> each : new TreeMap<>(filter.labels()).entrySet()) {
            String name = "label" + label++;
            add(conditions, parameters, "labels LIKE :" + name + " ESCAPE '!'", name, Columns.labelPattern(each));
        }
        // also where there is no place to go on from: the first half is a range of the index, without which it is not
        // seen
        conditions.add("ended_at <= :ended AND (ended_at < :ended OR id < :after)");
        parameters.put("ended", after == null ? Long.MAX_VALUE : after.endedAt().toEpochMilli());
        parameters.put("after", after == null ? "" : after.id().toString());
        parameters.put("limit", limit);
        return "SELECT " + Columns.HISTORY + " FROM sandkeeper_history"
                + " WHERE " + String.join(" AND ", conditions)
                // the same order either way, in words that an index serves
                + " ORDER BY " + (filter.owner() == null ? "" : "owner DESC, ") + "ended_at DESC, id DESC LIMIT :limit";
    }

    private static @Nullable Long millis(@Nullable Instant time) {
        return time == null ? null : Long.valueOf(time.toEpochMilli());
    }

    /**
     * The live rows of a filter in the order of ids.
     *
     * @param parameters takes the values of the query's parameters
     */
    static String list(RowFilter filter, @Nullable SandboxId after, int limit, Map<String, Object> parameters) {
        List<String> conditions = new ArrayList<>();
        StringBuilder from = new StringBuilder();
        String id = "s.id";
        String order = "s.id";
        int index = 0;
        for (Map.Entry<String, String> label : new TreeMap<>(filter.labels()).entrySet()) {
            String table = "l" + index;
            from.append(index == 0 ? "" : " JOIN ").append("sandkeeper_label ").append(table);
            if (index == 0) {
                id = "l0.sandbox_id";
                order = "l0.label_name, l0.label_value, l0.sandbox_id";
            } else {
                from.append(" ON ").append(table).append(".sandbox_id = l0.sandbox_id");
            }
            conditions.add(table + ".label_name = :name" + index + " AND " + table + ".label_value = :value" + index);
            parameters.put("name" + index, label.getKey());
            parameters.put("value" + index, label.getValue());
            index++;
        }
        from.append(index == 0 ? "sandkeeper_sandbox s" : " JOIN sandkeeper_sandbox s ON s.id = l0.sandbox_id");
        if (after != null) {
            conditions.add(id + " > :after");
            parameters.put("after", after.toString());
        }
        if (filter.owner() != null && index == 0) {
            // the same order, in words that the index on owners serves
            order = "s.owner, s.id";
        }
        add(conditions, parameters, "s.owner = :owner", "owner", filter.owner());
        add(conditions, parameters, "s.backend = :backend", "backend", filter.backend());
        add(conditions, parameters, "s.created_at < :before", "before", millis(filter.createdBefore()));
        if (!filter.states().isEmpty()) {
            List<String> names = filter.states().stream()
                    .map(state -> "'" + state.name() + "'")
                    .sorted()
                    .toList();
            conditions.add("s.state IN (" + String.join(", ", names) + ")");
        }
        parameters.put("limit", limit);
        return "SELECT s." + Columns.ALL.replace(", ", ", s.") + " FROM " + from
                + (conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions))
                + " ORDER BY " + order + " LIMIT :limit";
    }

    private static void add(
            List<String> conditions,
            Map<String, Object> parameters,
            String condition,
            String name,
            @Nullable Object value) {
        if (value != null) {
            conditions.add(condition);
            parameters.put(name, value);
        }
    }
}

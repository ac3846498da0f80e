package dev.sandkeeper.cleanup;

import dev.sandkeeper.internal.SandboxRows.HistoryCursor;
import dev.sandkeeper.internal.SandboxRows.HistoryFilter;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which part of the archive to list. Immutable: each method answers a changed copy. All conditions that are given must hold.
 */
public final class ArchiveQuery {
    private static final ArchiveQuery ALL = new ArchiveQuery(HistoryFilter.ALL, null, 100);

    private final HistoryFilter filter;
    private final @Nullable HistoryCursor cursor;
    private final int limit;

    private ArchiveQuery(HistoryFilter filter, @Nullable HistoryCursor cursor, int limit) {
        this.filter = filter;
        this.cursor = cursor;
        this.limit = limit;
    }

    /**
     * Everything, in pages of 100.
     *
     * @return the query without a condition
     */
    public static ArchiveQuery all() {
        return ALL;
    }

    /**
     * Of one backend.
     *
     * @param name the backend's name
     * @return the query
     */
    public ArchiveQuery backend(String name) {
        return with(new HistoryFilter(
                name, filter.owner(), filter.policy(), filter.endedFrom(), filter.endedBefore(), filter.labels()));
    }

    /**
     * Of one owner.
     *
     * @param name the owner
     * @return the query
     */
    public ArchiveQuery owner(String name) {
        return with(new HistoryFilter(
                filter.backend(), name, filter.policy(), filter.endedFrom(), filter.endedBefore(), filter.labels()));
    }

    /**
     * Ended by one policy.
     *
     * @param name the policy's name, such as {@code idle}
     * @return the query
     */
    public ArchiveQuery endedByPolicy(String name) {
        return with(new HistoryFilter(
                filter.backend(), filter.owner(), name, filter.endedFrom(), filter.endedBefore(), filter.labels()));
    }

    /**
     * Ended within a time.
     *
     * @param from at this time or later
     * @param before before this time
     * @return the query
     */
    public ArchiveQuery endedBetween(Instant from, Instant before) {
        if (!from.isBefore(before)) {
            throw new IllegalArgumentException("endedBetween: " + from + " is not before " + before);
        }
        return with(
                new HistoryFilter(filter.backend(), filter.owner(), filter.policy(), from, before, filter.labels()));
    }

    /**
     * With a label. The archive has no index of labels: the store reads what the other conditions select until a page is full.
     * So this needs {@link #owner} or {@link #endedBetween} beside it, and costs as much as those select.
     *
     * @param name the label's name
     * @param value its value
     * @return the query; it is refused by {@link Archive} without an owner or a time
     */
    public ArchiveQuery label(String name, String value) {
        Map<String, String> labels = new HashMap<>(filter.labels());
        labels.put(name, value);
        return with(new HistoryFilter(
                filter.backend(), filter.owner(), filter.policy(), filter.endedFrom(), filter.endedBefore(), labels));
    }

    /**
     * In pages of another size.
     *
     * @param entries from 1 to 10,000
     * @return the query
     */
    public ArchiveQuery limit(int entries) {
        if (entries < 1 || entries > 10_000) {
            throw new IllegalArgumentException("limit must be from 1 to 10000: " + entries);
        }
        return new ArchiveQuery(filter, cursor, entries);
    }

    /**
     * The next page.
     *
     * @param last the last of the page before
     * @return the query for what comes after it
     */
    public ArchiveQuery after(ArchivedSandbox last) {
        return new ArchiveQuery(filter, last.cursor(), limit);
    }

    /** {@return the most entries of a page} */
    public int limit() {
        return limit;
    }

    HistoryFilter filter() {
        if (!filter.labels().isEmpty() && filter.owner() == null && filter.endedFrom() == null) {
            throw new IllegalArgumentException("label " + filter.labels().keySet()
                    + " alone would read the whole archive: add owner(...) or endedBetween(...)");
        }
        return filter;
    }

    @Nullable
    HistoryCursor cursor() {
        return cursor;
    }

    private ArchiveQuery with(HistoryFilter other) {
        return new ArchiveQuery(other, cursor, limit);
    }
}

package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rows that a request asks for, a page at a time. */
final class Selection {
    private final SandboxRows rows;
    private final CleanupRequest request;
    private final int batch;
    private final Set<SandboxId> seen = new HashSet<>();
    private int left;
    private @Nullable SandboxId after;
    private boolean ended;

    Selection(SandboxRows rows, CleanupRequest request, int batch) {
        this.rows = rows;
        this.request = request;
        this.batch = batch;
        this.left = request.limit();
    }

    /** The next page; an empty one ends the selection. */
    List<SandboxRow> next() {
        List<SandboxRow> page = List.of();
        while (page.isEmpty() && !ended && left > 0) {
            page = new ArrayList<>(!request.ids().isEmpty() ? named() : changesNothingItSeeks() ? listed() : due());
            page.removeIf(row -> !seen.add(row.id()));
            if (page.size() > left) {
                page = new ArrayList<>(page.subList(0, left));
            }
        }
        left -= page.size();
        return page;
    }

    /** Else what was looked at is not due any more, and the next page begins where this one did. */
    private boolean changesNothingItSeeks() {
        return request.dryRun() || request.olderThan().isPresent();
    }

    private List<SandboxRow> named() {
        ended = true;
        return request.ids().stream().map(rows::find).flatMap(Optional::stream).toList();
    }

    private List<SandboxRow> due() {
        List<SandboxRow> page = rows.due(rows.now(), batch);
        // a full page of what was seen before: those wait for somebody else
        ended = page.size() < batch || page.stream().allMatch(row -> seen.contains(row.id()));
        return page;
    }

    private List<SandboxRow> listed() {
        Instant now = rows.now();
        Instant before =
                request.olderThan().map(age -> now.minus(age).plusMillis(1)).orElse(null);
        SandboxRows.RowFilter filter = new SandboxRows.RowFilter(null, null, Set.of(), Map.of(), before);
        List<SandboxRow> page = rows.list(filter, after, batch);
        ended = page.isEmpty();
        if (!page.isEmpty()) {
            after = page.get(page.size() - 1).id();
        }
        return before != null
                ? page
                : page.stream().filter(row -> !row.dueAt().isAfter(now)).toList();
    }
}

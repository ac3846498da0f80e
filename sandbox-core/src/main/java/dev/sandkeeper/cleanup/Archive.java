package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRows;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is kept of sandboxes that have ended, for {@link CleanupSettings#archiveRetention()}. Safe from many threads; every
 * method throws {@link dev.sandkeeper.StoreUnavailableException} if the store does not answer.
 */
public final class Archive {
    private static final int PAGE = 500;

    private final SandboxRows rows;
    private final Duration retention;

    Archive(SandboxRows rows, Duration retention) {
        this.rows = rows;
        this.retention = retention;
    }

    /**
     * Finds one.
     *
     * @param id the sandbox
     * @return what is kept of it, or nothing while it lives, or after it was purged
     */
    public Optional<ArchivedSandbox> find(SandboxId id) {
        return rows.findHistory(id).map(ArchivedSandbox::new);
    }

    /**
     * Lists from the newest on, a page at a time.
     *
     * @param query which, and from where on
     * @return at most {@link ArchiveQuery#limit()}; the next page is {@code query.after(last)}, and an empty one ends the list
     * @throws IllegalArgumentException if the query asks for a label and neither for an owner nor a time
     */
    public List<ArchivedSandbox> list(ArchiveQuery query) {
        return page(query, query.limit());
    }

    private List<ArchivedSandbox> page(ArchiveQuery query, int limit) {
        return rows.listHistory(query.filter(), query.cursor(), limit).stream()
                .map(ArchivedSandbox::new)
                .toList();
    }

    /**
     * Writes all that a query selects as JSON lines, from the newest on: each as {@link ArchivedSandbox#toJson()} has it,
     * with a line feed behind it. Not buffered beyond a page of 500; its limit does not count.
     *
     * @param query which, and from where on
     * @param target where to, such as a {@link java.io.Writer}; not closed
     * @return how many lines it were
     * @throws IOException what the target throws
     * @throws IllegalArgumentException as {@link #list} does
     */
    public long export(ArchiveQuery query, Appendable target) throws IOException {
        long lines = 0;
        ArchiveQuery rest = query;
        while (true) {
            List<ArchivedSandbox> page = page(rest, PAGE);
            if (page.isEmpty()) {
                return lines;
            }
            for (ArchivedSandbox sandbox : page) {
                target.append(sandbox.toJson()).append('\n');
            }
            lines += page.size();
            rest = rest.after(page.get(page.size() - 1));
        }
    }

    /** Forgets what is older than the retention, a page at a time. */
    long purge() {
        Instant before = rows.now().minus(retention);
        long purged = 0;
        int page;
        do {
            page = rows.purgeHistory(before, PAGE);
            purged += page;
        } while (page == PAGE);
        return purged;
    }
}

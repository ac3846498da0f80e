package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks a policy, which may be another one than that by which the rows' times were set, about sandboxes that are due later. It
 * claims nothing: where the policy wants to be asked earlier, the row becomes due then, and whatever is right is not written.
 * Several JVMs that do so at the same time therefore read alike and write each row once.
 */
final class Reviewer {
    private static final SandboxRows.RowFilter LIVING =
            new SandboxRows.RowFilter(null, null, Set.of(SandboxState.ACTIVE, SandboxState.PAUSED), Map.of(), null);

    private final SandboxRows rows;
    private final Judge judge;
    private final int size;

    Reviewer(SandboxRows rows, Judge judge, int size) {
        this.rows = rows;
        this.judge = judge;
        this.size = size;
    }

    /**
     * What came of a page.
     *
     * @param last where the next page begins; nothing after the last one
     * @param earlier how many are due earlier now
     */
    record Reviewed(Optional<SandboxId> last, int earlier) {}

    Reviewed page(@Nullable SandboxId after) {
        List<SandboxRow> page = rows.list(LIVING, after, size);
        Instant now = rows.now();
        int earlier = 0;
        for (SandboxRow row : page) {
            // what is due is looked at anyway
            if (row.dueAt().isAfter(now)) {
                Instant due = judge.dueAt(row, judge.decide(row, now), now);
                boolean moved = due.isBefore(row.dueAt())
                        && rows.compareAndSet(row.change().dueAt(due).build()).isPresent();
                earlier += moved ? 1 : 0;
            }
        }
        Optional<SandboxId> last = page.size() < size
                ? Optional.empty()
                : Optional.of(page.get(size - 1).id());
        return new Reviewed(last, earlier);
    }
}

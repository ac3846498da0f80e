package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.chaos.Verdict.Finding;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares what the hosts have written down, what the store says and what the witness sees at the provider. While an engine
 * works, a finding may pass by itself; what does not pass is a fault.
 */
final class Judge {
    private static final Duration PROMPT = Duration.ofSeconds(10);
    private static final int PAGE = 500;

    /** Connects to a sandbox and has a command answered. */
    interface Trial {
        /** What is wrong with it; null if nothing is. */
        @Nullable
        String problem(SandboxId id);
    }

    private final SandboxRows rows;
    private final Witness witness;
    private final Account account;
    private final Trial trial;

    Judge(SandboxRows rows, Witness witness, Account account, Trial trial) {
        this.rows = rows;
        this.witness = witness;
        this.account = account;
        this.trial = trial;
    }

    /** Everything that is not as it must be in the end. Sandboxes are tried only where all else is right. */
    List<Finding> examine() throws IOException, InterruptedException {
        List<Witness.Resource> resources = witness.resources(rows.deployment());
        Map<SandboxId, SandboxRow> live = live();
        List<Finding> findings = new ArrayList<>();
        Set<SandboxId> present = new HashSet<>();
        for (Witness.Resource resource : resources) {
            SandboxId id = resource.id();
            SandboxRow row = id == null ? null : live.get(id);
            present.add(id);
            if (row == null || row.state() != SandboxState.ACTIVE) {
                String of = row == null ? " has no live row" : " should be gone: its row is " + row.state();
                findings.add(new Finding(Fault.LEAKED, resource.name(), "of sandbox " + id + of));
            }
        }
        live.values().forEach(row -> examine(row, present, findings));
        account.sandboxes().forEach((id, known) -> examine(id, known, live.get(id), findings));
        account.doubles().forEach(each -> findings.add(new Finding(Fault.TWICE, each, "by the fences")));
        account.errors().forEach(each -> findings.add(new Finding(Fault.BROKEN, each, "in a host")));
        if (findings.isEmpty()) {
            for (SandboxRow row : live.values()) {
                String problem = row.state() == SandboxState.ACTIVE ? trial.problem(row.id()) : null;
                if (problem != null) {
                    findings.add(new Finding(Fault.LOST, row.id().toString(), "cannot be used: " + problem));
                }
            }
        }
        return findings;
    }

    /** What the provider's record says, once at the end. */
    List<Finding> examineRecord() {
        List<Finding> findings = new ArrayList<>();
        for (String twice : witness.doubles(rows.deployment())) {
            findings.add(new Finding(Fault.TWICE, twice, "by the provider's record"));
        }
        for (SandboxId id : witness.made(rows.deployment())) {
            if (!account.isOrphan(id)
                    && rows.find(id).isEmpty()
                    && rows.findHistory(id).isEmpty()) {
                findings.add(new Finding(Fault.LOST, id.toString(), "was made, and has neither live row nor history"));
            }
        }
        return findings;
    }

    private Map<SandboxId, SandboxRow> live() {
        Map<SandboxId, SandboxRow> live = new HashMap<>();
        List<SandboxRow> page = rows.list(SandboxRows.RowFilter.ALL, null, PAGE);
        while (!page.isEmpty()) {
            page.forEach(row -> live.put(row.id(), row));
            page = rows.list(
                    SandboxRows.RowFilter.ALL, page.get(page.size() - 1).id(), PAGE);
        }
        return live;
    }

    private void examine(SandboxRow row, Set<SandboxId> present, List<Finding> findings) {
        String problem = switch (row.state()) {
            case ACTIVE -> present.contains(row.id()) ? null : "is ACTIVE and the provider has nothing of it";
            // nothing is there, and a create whose answer nobody heard may still take effect
            case CLEANING -> settles(row) ? null : "is not cleaned: " + row;
            default -> "stays " + row.state();
        };
        if (problem != null) {
            findings.add(new Finding(Fault.LOST, row.id().toString(), problem));
        }
    }

    private boolean settles(SandboxRow row) {
        Instant settledAt = row.settledAt();
        return settledAt != null && rows.now().isBefore(settledAt.plus(PROMPT));
    }

    private void examine(SandboxId id, Account.Known known, @Nullable SandboxRow row, List<Finding> findings) {
        if (known.closed()) {
            return;
        }
        Optional<HistoryRow> history = rows.findHistory(id);
        if (row != null && history.isPresent() && rows.find(id).isPresent()) {
            findings.add(new Finding(Fault.TWICE, id.toString(), "is live and in history"));
            return;
        }
        SandboxRow last = history.map(HistoryRow::last).orElse(row);
        if (last == null) {
            findings.add(new Finding(Fault.LOST, id.toString(), "has neither live row nor history"));
            return;
        }
        boolean ended = history.isPresent() || !last.state().isLive() || last.state() == SandboxState.EXPIRED;
        Instant end = Instant.ofEpochMilli(known.end());
        Instant claimed = last.claimedAt();
        if (ended && !known.destroying() && claimed != null && claimed.isBefore(end)) {
            findings.add(new Finding(
                    known.renewed() ? Fault.RENEWED_KILLED : Fault.LOST,
                    id.toString(),
                    "was to live until " + end + ", and its end began at " + claimed + ": " + last.endReason()));
        } else if (history.isPresent()) {
            known.close();
        }
    }

    /** Commands that have outlived their time; those whose time is to come are looked at again. */
    List<Finding> overdue() throws IOException {
        List<Finding> findings = new ArrayList<>();
        List<Account.Endless> left = new ArrayList<>();
        long now = System.nanoTime();
        for (Account.Endless command : witness.running(account.endless())) {
            long late = now - command.mustEnd();
            if (late > PROMPT.toNanos()) {
                findings.add(new Finding(
                        Fault.OVERDUE,
                        "sleep " + command.number(),
                        "runs in sandbox " + command.id() + " " + Duration.ofNanos(late) + " after it had to end"));
            } else {
                left.add(command);
            }
        }
        account.keepWatching(left);
        return findings;
    }
}

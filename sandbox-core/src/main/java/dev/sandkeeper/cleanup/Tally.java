package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what a run does, from many threads. */
final class Tally {
    private final AtomicInteger processed = new AtomicInteger();
    private final AtomicInteger cleaned = new AtomicInteger();
    private final AtomicInteger paused = new AtomicInteger();
    private final AtomicLong freedBytes = new AtomicLong();
    private final List<CleanupReport.Problem> problems = Collections.synchronizedList(new ArrayList<>());
    private final List<CleanupReport.Plan> planned = Collections.synchronizedList(new ArrayList<>());

    void processed() {
        processed.incrementAndGet();
    }

    void cleaned(Cleaner.Cleaned result) {
        if (result.done()) {
            cleaned.incrementAndGet();
            freedBytes.addAndGet(result.freedBytes());
        }
    }

    void paused() {
        paused.incrementAndGet();
    }

    void failed(SandboxId id, String error) {
        problems.add(new CleanupReport.Problem(id, error));
    }

    void planned(SandboxId id, Decision decision) {
        if (decision instanceof Decision.Destroy destroy) {
            planned.add(new CleanupReport.Plan(id, "destroy", destroy.policy(), destroy.reason()));
        } else if (decision instanceof Decision.Pause pause) {
            planned.add(new CleanupReport.Plan(id, "pause", pause.policy(), pause.reason()));
        }
    }

    CleanupReport report(Instant started, Instant completed, boolean dryRun) {
        return new CleanupReport(
                started,
                completed,
                processed.get(),
                cleaned.get(),
                paused.get(),
                problems.size(),
                freedBytes.get(),
                problems,
                dryRun,
                planned);
    }
}

package dev.sandkeeper.metrics;

import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What an engine could tell. */
final class Events {
    private Events() {}

    static SandboxInfo sandbox(String backend) {
        return SandboxInfo.builder(SandboxId.generate(1), backend, Instant.EPOCH)
                .owner("owner-of-a-name")
                .labels(Map.of("task", "a-label"))
                .build();
    }

    static SandboxEvent.CommandEnded command(String backend, SandboxEvent.CommandEnded.Outcome outcome) {
        return new SandboxEvent.CommandEnded(SandboxId.generate(1), backend, outcome, Duration.ofMillis(20));
    }

    /** One of each kind and outcome, with an id and an owner of its own. */
    static List<SandboxEvent> all(String backend) {
        List<SandboxEvent> all = new ArrayList<>();
        SandboxInfo sandbox = sandbox(backend);
        RuntimeException error = new IllegalStateException("text of an error");
        all.add(new SandboxEvent.Progress(sandbox.id(), "fetching"));
        all.add(new SandboxEvent.Created(sandbox, Duration.ofMillis(700)));
        all.add(new SandboxEvent.CreateFailed(sandbox.id(), backend, error, Duration.ofSeconds(3)));
        for (SandboxEvent.CommandEnded.Outcome outcome : SandboxEvent.CommandEnded.Outcome.values()) {
            all.add(command(backend, outcome));
        }
        all.add(new SandboxEvent.Expired(sandbox));
        all.add(new SandboxEvent.Destroyed(sandbox, Duration.ofMillis(300)));
        all.add(new SandboxEvent.CleanupFailed(sandbox, error, true, Duration.ofSeconds(40)));
        all.add(new SandboxEvent.Orphan(backend, "resource-name", sandbox.id(), false, null));
        all.add(new SandboxEvent.Orphan(backend, "resource-name", sandbox.id(), false, error));
        all.add(new SandboxEvent.Orphan(backend, "resource-name", sandbox.id(), true, null));
        all.add(new SandboxEvent.Ghost(sandbox));
        all.add(new SandboxEvent.SweepStopped(backend, 11, 12, "text of a reason"));
        all.add(new SandboxEvent.Counted(
                Map.of(SandboxState.ACTIVE, 40L, SandboxState.EXPIRED, 2L, SandboxState.CLEANING, 7L), 3));
        return all;
    }
}

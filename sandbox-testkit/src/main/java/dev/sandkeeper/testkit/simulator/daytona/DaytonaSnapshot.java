package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.internal.SavedFiles;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What sandboxes are made from. Changed under the shelf's lock. */
final class DaytonaSnapshot {
    final String id;
    final String organization;
    final boolean general;
    final String name;
    final @Nullable String image;
    final DaytonaOrder.@Nullable Build build;
    final List<String> entrypoint;
    final @Nullable String sourceSandbox;
    final Instant createdAt;
    private final long cpu;
    private final long memory;
    private final long disk;
    State state;

    @Nullable
    String errorReason;

    Instant updatedAt;

    @Nullable
    Instant lastUsedAt;
    /** What was in the sandbox that it was taken of; null if it starts empty. */
    @Nullable
    SavedFiles content;

    /** How far it is. */
    enum State {
        BUILDING,
        PENDING,
        PULLING,
        SNAPSHOTTING,
        ACTIVE,
        INACTIVE,
        ERROR,
        BUILD_FAILED,
        REMOVING;

        String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What is asked for.
     *
     * @param image where it comes from, unless it is built or taken of a sandbox
     */
    record Plan(
            String name,
            @Nullable String image,
            DaytonaOrder.@Nullable Build build,
            List<String> entrypoint,
            @Nullable String sourceSandbox,
            long cpu,
            long memory,
            long disk) {
        Plan {
            entrypoint = List.copyOf(entrypoint);
        }
    }

    DaytonaSnapshot(String id, String organization, boolean general, Plan plan, State state, Instant now) {
        this.id = id;
        this.organization = organization;
        this.general = general;
        this.name = plan.name();
        this.image = plan.image();
        this.build = plan.build();
        this.entrypoint = plan.entrypoint();
        this.sourceSandbox = plan.sourceSandbox();
        this.cpu = plan.cpu();
        this.memory = plan.memory();
        this.disk = plan.disk();
        this.state = state;
        this.createdAt = now;
        this.updatedAt = now;
    }

    long cpu() {
        return cpu;
    }

    long memory() {
        return memory;
    }

    long disk() {
        return disk;
    }

    void becomes(State next, Instant now) {
        state = next;
        updatedAt = now;
    }
}

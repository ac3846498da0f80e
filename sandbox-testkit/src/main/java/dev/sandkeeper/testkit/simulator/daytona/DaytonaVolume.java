package dev.sandkeeper.testkit.simulator.daytona;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A volume; what is in it is not simulated. Changed under the shelf's lock. */
final class DaytonaVolume {
    final String id;
    final String organization;
    final String name;
    final Instant createdAt;
    State state = State.PENDING_CREATE;
    Instant updatedAt;

    @Nullable
    Instant lastUsedAt;

    /** How far it is. */
    enum State {
        CREATING,
        READY,
        PENDING_CREATE,
        PENDING_DELETE,
        DELETING,
        DELETED,
        ERROR;

        String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    DaytonaVolume(String id, String organization, String name, Instant now) {
        this.id = id;
        this.organization = organization;
        this.name = name;
        this.createdAt = now;
        this.updatedAt = now;
    }

    void becomes(State next, Instant now) {
        state = next;
        updatedAt = now;
    }
}

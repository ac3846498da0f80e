package dev.sandkeeper.testkit.simulator.daytona;

import java.util.Locale;

/** What a sandbox is, in the provider's words. */
enum DaytonaState {
    CREATING,
    RESTORING,
    DESTROYED,
    DESTROYING,
    STARTED,
    STOPPED,
    STARTING,
    STOPPING,
    ERROR,
    BUILD_FAILED,
    PENDING_BUILD,
    BUILDING_SNAPSHOT,
    UNKNOWN,
    PULLING_SNAPSHOT,
    ARCHIVED,
    ARCHIVING,
    RESIZING,
    SNAPSHOTTING,
    FORKING,
    PAUSING,
    PAUSED,
    RESUMING;

    /** What somebody wants it to be. */
    enum Desired {
        DESTROYED,
        STARTED,
        STOPPED,
        RESIZED,
        ARCHIVED,
        PAUSED;

        String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    boolean failed() {
        return this == ERROR || this == BUILD_FAILED;
    }

    /**
     * What is told of a sandbox that is this and is wanted to be that.
     *
     * @param listed whether in a list, which tells more of a sandbox that comes out of the archive
     */
    DaytonaState reported(Desired desired, boolean listed) {
        return switch (this) {
            case STARTED ->
                switch (desired) {
                    case STOPPED -> STOPPING;
                    case DESTROYED -> DESTROYING;
                    default -> this;
                };
            case STOPPED ->
                switch (desired) {
                    case STARTED -> STARTING;
                    case DESTROYED -> DESTROYING;
                    case ARCHIVED -> ARCHIVING;
                    default -> this;
                };
            case UNKNOWN -> desired == Desired.STARTED ? CREATING : this;
            case ARCHIVED -> desired == Desired.STARTED && listed ? RESTORING : this;
            default -> this;
        };
    }

    /** Whether something is still on its way from this to that. Nearly everything is refused meanwhile. */
    boolean pending(Desired desired) {
        return !failed() && desired != Desired.ARCHIVED && !name().equals(desired.name());
    }
}

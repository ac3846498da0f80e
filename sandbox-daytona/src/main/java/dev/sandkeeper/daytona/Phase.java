package dev.sandkeeper.daytona;

import dev.sandkeeper.spi.ProviderState;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What Daytona's many states of a sandbox come to. A word that it adds later is {@link #UNKNOWN} and never an error. */
enum Phase {
    /** On its way to take commands. */
    STARTING(ProviderState.PRESENT),
    /** It takes commands. */
    RUNNING(ProviderState.PRESENT),
    /** It exists and will take commands again by itself. */
    BUSY(ProviderState.PRESENT),
    PAUSED(ProviderState.PAUSED),
    /** It keeps its files and takes no commands; nobody here starts it again, so that for us it has ended. */
    STOPPED(ProviderState.GONE),
    FAILED(ProviderState.GONE),
    /** Nothing is left of it, or will be soon. */
    DESTROYED(ProviderState.GONE),
    UNKNOWN(ProviderState.UNKNOWN);

    private final ProviderState state;

    Phase(ProviderState state) {
        this.state = state;
    }

    ProviderState state() {
        return state;
    }

    static Phase of(@Nullable String word) {
        return switch (word == null ? "" : word.toLowerCase(Locale.ROOT)) {
            case "started" -> RUNNING;
            case "creating",
                    "starting",
                    "restoring",
                    "resuming",
                    "pulling_snapshot",
                    "pending_build",
                    "building_snapshot" -> STARTING;
            case "resizing", "snapshotting", "forking" -> BUSY;
            case "paused", "pausing" -> PAUSED;
            case "stopped", "stopping", "archived", "archiving" -> STOPPED;
            case "error", "build_failed" -> FAILED;
            case "destroying", "destroyed" -> DESTROYED;
            default -> UNKNOWN;
        };
    }
}

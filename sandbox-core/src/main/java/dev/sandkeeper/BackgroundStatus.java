package dev.sandkeeper;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How it is with a command that was started in the background. What it says comes from inside the sandbox: a hostile program
 * can falsify what is told of its own user's commands.
 *
 * @param name the name it was started under
 * @param state whether it runs
 * @param exit how its main process ended; null unless the state is {@link State#EXITED}
 * @param startedAt by the sandbox's clock, in whole seconds
 * @param endedAt by the sandbox's clock, in whole seconds; null unless the state is {@link State#EXITED}
 */
public record BackgroundStatus(
        String name,
        State state,
        @Nullable ExitStatus exit,
        Instant startedAt,
        @Nullable Instant endedAt) {
    /** Whether a command runs. */
    public enum State {
        /** Its main process runs. */
        RUNNING,
        /** Its main process has ended. */
        EXITED,
        /** What watched over it is gone, so that nothing is known of its end. Something of it may still run. */
        LOST
    }

    /** Refuses null where it has no meaning. */
    public BackgroundStatus {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(startedAt, "startedAt");
    }
}

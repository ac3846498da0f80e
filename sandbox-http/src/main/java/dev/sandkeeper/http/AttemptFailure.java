package dev.sandkeeper.http;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One attempt has failed: what the application would see, and whether another attempt is allowed. */
final class AttemptFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient SandboxException shown;
    private final boolean mayRepeat;
    private final transient @Nullable Duration wait;
    private final transient Deadline deadline;

    AttemptFailure(SandboxException shown, boolean mayRepeat, @Nullable Duration wait, Deadline deadline) {
        super(null, shown, false, false);
        this.shown = shown;
        this.mayRepeat = mayRepeat;
        this.wait = wait;
        this.deadline = deadline;
    }

    SandboxException shown() {
        return shown;
    }

    boolean mayRepeat() {
        return mayRepeat;
    }

    /** What the provider asks to wait; null if it does not say. */
    @Nullable
    Duration retryAfter() {
        return wait;
    }

    Deadline deadline() {
        return deadline;
    }
}

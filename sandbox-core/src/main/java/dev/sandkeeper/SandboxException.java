package dev.sandkeeper;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whatever Sandkeeper reports as a fault of the outside world: a closed, unchecked family, so that a {@code switch} over
 * it can be complete. Misuse of an argument is an {@link IllegalArgumentException} instead. Messages hold no secret, no
 * environment value and no file content.
 */
public abstract sealed class SandboxException extends RuntimeException
        permits BackendRejectedException,
                BackendUnavailableException,
                CapabilityMissingException,
                CommandFailedException,
                CommandNotStartableException,
                FileAccessException,
                HandleClosedException,
                OutcomeUnknownException,
                QuotaExceededException,
                SandboxConflictException,
                SandboxGoneException,
                SandboxInterruptedException,
                SandboxNotFoundException,
                SandboxTimeoutException,
                SpecInvalidException,
                StoreUnavailableException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final @Nullable String remedy;
    private final @Nullable String backend;
    private final @Nullable SandboxId sandboxId;

    SandboxException(Failure failure) {
        super(failure.text(), failure.causeOrNull());
        this.code = failure.code();
        this.remedy = failure.remedyOrNull();
        this.backend = failure.backendOrNull();
        this.sandboxId = failure.sandboxIdOrNull();
    }

    /**
     * What went wrong, for programs: stable across releases.
     *
     * @return lower case and underscores, such as {@code image_not_found}
     */
    public String code() {
        return code;
    }

    /**
     * Whether the same call may succeed later with nothing changed.
     *
     * @return true if it may
     */
    public abstract boolean retryable();

    /**
     * What the user can do about it. Part of the message too.
     *
     * @return a sentence, or nothing where none is known
     */
    public Optional<String> remedy() {
        return Optional.ofNullable(remedy);
    }

    /**
     * The backend concerned.
     *
     * @return its name, or nothing if no backend was involved
     */
    public Optional<String> backend() {
        return Optional.ofNullable(backend);
    }

    /**
     * The sandbox concerned.
     *
     * @return its id, or nothing if the fault is not about one
     */
    public Optional<SandboxId> sandboxId() {
        return Optional.ofNullable(sandboxId);
    }
}

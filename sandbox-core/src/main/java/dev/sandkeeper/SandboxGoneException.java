package dev.sandkeeper;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sandbox existed and has ended, or is past the point of no return. Says when, why and by which policy. */
public final class SandboxGoneException extends SandboxException {
    private static final long serialVersionUID = 1L;

    private final @Nullable Instant endedAt;
    private final @Nullable String reason;

    /**
     * Reports the end.
     *
     * @param endedAt when it ended or was claimed for cleaning, by the store's clock; null if that is not known
     * @param reason why, as the archive has it; null if that is not known
     * @param failure what it says
     */
    public SandboxGoneException(@Nullable Instant endedAt, @Nullable String reason, Failure failure) {
        super(failure);
        this.endedAt = endedAt;
        this.reason = reason;
    }

    /**
     * When it ended or was claimed for cleaning.
     *
     * @return the moment by the store's clock, or nothing if the provider just has it no more
     */
    public Optional<Instant> endedAt() {
        return Optional.ofNullable(endedAt);
    }

    /**
     * Why it ended.
     *
     * @return the reason as the archive has it, or nothing if it is not known
     */
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. An id is never used again; create a new sandbox.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}

package dev.sandkeeper.cleanup;

import java.time.Instant;
import java.util.Objects;

/** What a {@link CleanupPolicy} says of a sandbox. */
public sealed interface Decision {
    /** {@return why, in words} */
    String reason();

    /**
     * Leave it alone.
     *
     * @param until when the policy wants to be asked again; the engine may ask earlier
     * @param reason why, in words
     */
    record Keep(Instant until, String reason) implements Decision {
        /** Refuses null. */
        public Keep {
            Objects.requireNonNull(until, "until");
            Objects.requireNonNull(reason, "reason");
        }
    }

    /**
     * Pause it. One that cannot be paused, because its backend or its lifetime does not allow it, is ended instead.
     *
     * @param policy the name of the policy that decided, for the archive; at most 64 characters are kept
     * @param reason why, in words, for the archive; at most 255 characters are kept
     */
    record Pause(String policy, String reason) implements Decision {
        /** Refuses null. */
        public Pause {
            Objects.requireNonNull(policy, "policy");
            Objects.requireNonNull(reason, "reason");
        }
    }

    /**
     * End it.
     *
     * @param policy the name of the policy that decided, for the archive; at most 64 characters are kept
     * @param reason why, in words, for the archive; at most 255 characters are kept
     */
    record Destroy(String policy, String reason) implements Decision {
        /** Refuses null. */
        public Destroy {
            Objects.requireNonNull(policy, "policy");
            Objects.requireNonNull(reason, "reason");
        }
    }
}

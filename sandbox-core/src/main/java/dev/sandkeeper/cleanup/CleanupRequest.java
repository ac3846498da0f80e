package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxId;
import java.time.Duration;
import java.util.Collection;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a run of the cleanup engine is to look at. Immutable. By default it looks at everything that is due, and ends what
 * the policy wants ended.
 */
public final class CleanupRequest {
    private static final CleanupRequest DUE = builder().build();

    private final Set<SandboxId> ids;
    private final Optional<Duration> olderThan;
    private final boolean force;
    private final int limit;
    private final boolean dryRun;
    private final String reason;

    private CleanupRequest(Builder b) {
        ids = Set.copyOf(b.ids);
        olderThan = b.olderThan;
        force = b.force;
        limit = b.limit;
        dryRun = b.dryRun;
        reason = b.reason;
    }

    /**
     * Everything that is due.
     *
     * @return the default request
     */
    public static CleanupRequest due() {
        return DUE;
    }

    /**
     * Starts from the default.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the sandboxes to look at, due or not; empty for those that the rest of the request selects} */
    public Set<SandboxId> ids() {
        return ids;
    }

    /** {@return the age from which on sandboxes are looked at, due or not; nothing for those that are due} */
    public Optional<Duration> olderThan() {
        return olderThan;
    }

    /** {@return whether what is looked at is ended whatever the policy says} */
    public boolean force() {
        return force;
    }

    /** {@return the most sandboxes that are looked at} */
    public int limit() {
        return limit;
    }

    /** {@return whether nothing is changed, and the report says what would be done and why} */
    public boolean dryRun() {
        return dryRun;
    }

    /** {@return why, for the archive; of those that are forced} */
    public String reason() {
        return reason;
    }

    /** Collects a request. Not thread-safe. */
    public static final class Builder {
        private Set<SandboxId> ids = Set.of();
        private Optional<Duration> olderThan = Optional.empty();
        private boolean force;
        private int limit = Integer.MAX_VALUE;
        private boolean dryRun;
        private String reason = "a forced cleanup";

        private Builder() {}

        /**
         * Looks at these sandboxes, due or not. Those that have ended already are a success and not counted.
         *
         * @param sandboxes at least one
         * @return this builder
         */
        public Builder ids(Collection<SandboxId> sandboxes) {
            if (sandboxes.isEmpty()) {
                throw new IllegalArgumentException("ids must not be empty: leave it out to look at what is due");
            }
            ids = Set.copyOf(sandboxes);
            return this;
        }

        /**
         * Looks at sandboxes that were created so long ago or longer, due or not.
         *
         * @param age zero or more
         * @return this builder
         */
        public Builder olderThan(Duration age) {
            if (age.isNegative()) {
                throw new IllegalArgumentException("olderThan must not be negative: " + age);
            }
            olderThan = Optional.of(age);
            return this;
        }

        /**
         * Ends what is looked at whatever the policy says. Needs {@link #ids} or {@link #olderThan}: all sandboxes are
         * {@code olderThan(Duration.ZERO)}.
         *
         * @return this builder
         */
        public Builder force() {
            force = true;
            return this;
        }

        /**
         * Looks at so many sandboxes at most.
         *
         * @param most more than 0
         * @return this builder
         */
        public Builder limit(int most) {
            if (most < 1) {
                throw new IllegalArgumentException("limit must be more than 0: " + most);
            }
            limit = most;
            return this;
        }

        /**
         * Changes nothing: the report says what would be done and why.
         *
         * @return this builder
         */
        public Builder dryRun() {
            dryRun = true;
            return this;
        }

        /**
         * Says why, for the archive, where the run is forced.
         *
         * @param text in words; at most 255 characters are kept
         * @return this builder
         */
        public Builder reason(String text) {
            reason = Objects.requireNonNull(text, "reason");
            return this;
        }

        /**
         * Finishes the request.
         *
         * @return the request
         * @throws IllegalArgumentException if it forces everything that is due, or names both ids and an age
         */
        public CleanupRequest build() {
            if (force && ids.isEmpty() && olderThan.isEmpty()) {
                throw new IllegalArgumentException(
                        "force needs ids(...) or olderThan(...); for all sandboxes: olderThan(Duration.ZERO)");
            }
            if (!ids.isEmpty() && olderThan.isPresent()) {
                throw new IllegalArgumentException("ids(...) and olderThan(...) exclude each other");
            }
            return new CleanupRequest(this);
        }
    }
}

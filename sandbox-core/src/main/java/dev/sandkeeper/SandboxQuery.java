package dev.sandkeeper;

import java.time.Instant;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which live sandboxes to list: all conditions that are given must hold. Immutable. */
public final class SandboxQuery {
    private final @Nullable String backend;
    private final @Nullable String owner;
    private final Set<SandboxState> states;
    private final Map<String, String> labels;
    private final @Nullable Instant createdBefore;
    private final @Nullable SandboxId after;
    private final int limit;

    private SandboxQuery(Builder b) {
        backend = b.backend;
        owner = b.owner;
        states = Set.copyOf(b.states);
        labels = Map.copyOf(b.labels);
        createdBefore = b.createdBefore;
        after = b.after;
        limit = b.limit;
    }

    /**
     * The first 100 of all live sandboxes.
     *
     * @return the query without a condition
     */
    public static SandboxQuery all() {
        return builder().build();
    }

    /**
     * Starts a query without a condition.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the backend that must have them} */
    public Optional<String> backend() {
        return Optional.ofNullable(backend);
    }

    /** {@return who must be charged} */
    public Optional<String> owner() {
        return Optional.ofNullable(owner);
    }

    /** {@return the states of which they must be in one; empty for any} */
    public Set<SandboxState> states() {
        return states;
    }

    /** {@return labels that they must have} */
    public Map<String, String> labels() {
        return labels;
    }

    /** {@return before when their rows must have been made} */
    public Optional<Instant> createdBefore() {
        return Optional.ofNullable(createdBefore);
    }

    /** {@return the last sandbox of the page before} */
    public Optional<SandboxId> after() {
        return Optional.ofNullable(after);
    }

    /** {@return how many to answer at most; default 100} */
    public int limit() {
        return limit;
    }

    /** Collects a query. Not thread-safe. */
    public static final class Builder {
        private @Nullable String backend;
        private @Nullable String owner;
        private final Set<SandboxState> states = EnumSet.noneOf(SandboxState.class);
        private final Map<String, String> labels = new LinkedHashMap<>();
        private @Nullable Instant createdBefore;
        private @Nullable SandboxId after;
        private int limit = 100;

        private Builder() {}

        /**
         * Only those of a backend.
         *
         * @param name its name
         * @return this builder
         */
        public Builder backend(String name) {
            backend = Objects.requireNonNull(name, "backend");
            return this;
        }

        /**
         * Only those of an owner.
         *
         * @param owner compared byte by byte
         * @return this builder
         */
        public Builder owner(String owner) {
            this.owner = Objects.requireNonNull(owner, "owner");
            return this;
        }

        /**
         * Only those in this state, or another one that was added.
         *
         * @param state the state; {@link SandboxState#CLEANED} finds nothing, because history is not listed here
         * @return this builder
         */
        public Builder state(SandboxState state) {
            states.add(state);
            return this;
        }

        /**
         * Only those with this label.
         *
         * @param name its name
         * @param value its value, compared byte by byte
         * @return this builder
         */
        public Builder label(String name, String value) {
            labels.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /**
         * Only those that are older.
         *
         * @param time by the store's clock
         * @return this builder
         */
        public Builder createdBefore(Instant time) {
            createdBefore = Objects.requireNonNull(time, "createdBefore");
            return this;
        }

        /**
         * Goes on after a page.
         *
         * @param last as {@link SandboxPage#next()} gave it
         * @return this builder
         */
        public Builder after(SandboxId last) {
            after = Objects.requireNonNull(last, "after");
            return this;
        }

        /**
         * Sets the size of a page.
         *
         * @param count from 1 to 1,000
         * @return this builder
         */
        public Builder limit(int count) {
            if (count < 1 || count > 1000) {
                throw new IllegalArgumentException("limit must be from 1 to 1000: " + count);
            }
            limit = count;
            return this;
        }

        /**
         * Finishes the query.
         *
         * @return the query
         */
        public SandboxQuery build() {
            return new SandboxQuery(this);
        }
    }
}

package dev.sandkeeper;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the store knows of a sandbox at one moment. Immutable. All times are the store's. Policies decide by it;
 * {@link #builder(SandboxId, String, Instant)} is for their tests.
 */
public final class SandboxInfo {
    private final SandboxId id;
    private final String backend;
    private final Instant createdAt;
    private final SandboxState state;
    private final @Nullable String providerRef;
    private final @Nullable String owner;
    private final @Nullable String image;
    private final Map<String, String> labels;
    private final Retention retention;
    private final Lifetime lifetime;
    private final @Nullable Duration idleTimeout;
    private final @Nullable Instant expiresAt;
    private final Instant lastActiveAt;
    private final @Nullable Instant busyUntil;
    private final int cleanupAttempts;
    private final @Nullable String lastError;
    private final @Nullable Instant endedAt;
    private final @Nullable String endReason;
    private final @Nullable String endPolicy;
    private final List<AuditEntry> audit;

    private SandboxInfo(Builder b) {
        id = b.id;
        backend = b.backend;
        createdAt = b.createdAt;
        state = b.state;
        providerRef = b.providerRef;
        owner = b.owner;
        image = b.image;
        labels = Map.copyOf(b.labels);
        retention = b.retention;
        lifetime = b.lifetime;
        idleTimeout = b.idleTimeout;
        expiresAt = b.expiresAt;
        lastActiveAt = b.lastActiveAt;
        busyUntil = b.busyUntil;
        cleanupAttempts = b.cleanupAttempts;
        lastError = b.lastError;
        endedAt = b.endedAt;
        endReason = b.endReason;
        endPolicy = b.endPolicy;
        audit = List.copyOf(b.audit);
    }

    /**
     * Starts an info of an active sandbox that was last used when it was created.
     *
     * @param id its id
     * @param backend its backend's name
     * @param createdAt when its row was made
     * @return a new builder
     */
    public static Builder builder(SandboxId id, String backend, Instant createdAt) {
        return new Builder(id, backend, createdAt);
    }

    /** {@return our id} */
    public SandboxId id() {
        return id;
    }

    /** {@return the name of the backend that has it} */
    public String backend() {
        return backend;
    }

    /** {@return when its row was made} */
    public Instant createdAt() {
        return createdAt;
    }

    /** {@return where it is in its life} */
    public SandboxState state() {
        return state;
    }

    /** {@return the provider's name for it, or nothing until the provider has answered} */
    public Optional<String> providerRef() {
        return Optional.ofNullable(providerRef);
    }

    /** {@return who is charged} */
    public Optional<String> owner() {
        return Optional.ofNullable(owner);
    }

    /** {@return what it was made from, or nothing for the backend's default} */
    public Optional<String> image() {
        return Optional.ofNullable(image);
    }

    /** {@return the application's labels, immutable} */
    public Map<String, String> labels() {
        return labels;
    }

    /** {@return which time to live applies} */
    public Retention retention() {
        return retention;
    }

    /** {@return what its life is tied to} */
    public Lifetime lifetime() {
        return lifetime;
    }

    /** {@return the longest time without activity, or nothing if it may be idle for ever} */
    public Optional<Duration> idleTimeout() {
        return Optional.ofNullable(idleTimeout);
    }

    /** {@return when its time to live is over, or nothing if it does not end by time} */
    public Optional<Instant> expiresAt() {
        return Optional.ofNullable(expiresAt);
    }

    /** {@return when something last happened in it, to the touch interval} */
    public Instant lastActiveAt() {
        return lastActiveAt;
    }

    /** {@return until when a JVM vouches that something runs in it, or nothing if none did} */
    public Optional<Instant> busyUntil() {
        return Optional.ofNullable(busyUntil);
    }

    /** {@return how often cleaning it has failed} */
    public int cleanupAttempts() {
        return cleanupAttempts;
    }

    /** {@return what went wrong last} */
    public Optional<String> lastError() {
        return Optional.ofNullable(lastError);
    }

    /** {@return when nothing of it was left, or nothing while it lives} */
    public Optional<Instant> endedAt() {
        return Optional.ofNullable(endedAt);
    }

    /** {@return why it ends or ended, or nothing while that is not decided} */
    public Optional<String> endReason() {
        return Optional.ofNullable(endReason);
    }

    /** {@return the policy that ended it, or nothing while that is not decided} */
    public Optional<String> endPolicy() {
        return Optional.ofNullable(endPolicy);
    }

    /** {@return what happened to it, the oldest first; immutable} */
    public List<AuditEntry> audit() {
        return audit;
    }

    /** Id, state and backend. */
    @Override
    public String toString() {
        return "SandboxInfo[" + id + ", " + state + ", " + backend + (endReason == null ? "" : ", " + endReason) + "]";
    }

    /** Collects an info. Not thread-safe. */
    public static final class Builder {
        private final SandboxId id;
        private final String backend;
        private final Instant createdAt;
        private SandboxState state = SandboxState.ACTIVE;
        private @Nullable String providerRef;
        private @Nullable String owner;
        private @Nullable String image;
        private Map<String, String> labels = Map.of();
        private Retention retention = Retention.DEFAULT;
        private Lifetime lifetime = Lifetime.STORE;
        private @Nullable Duration idleTimeout;
        private @Nullable Instant expiresAt;
        private Instant lastActiveAt;
        private @Nullable Instant busyUntil;
        private int cleanupAttempts;
        private @Nullable String lastError;
        private @Nullable Instant endedAt;
        private @Nullable String endReason;
        private @Nullable String endPolicy;
        private List<AuditEntry> audit = List.of();

        private Builder(SandboxId id, String backend, Instant createdAt) {
            this.id = Objects.requireNonNull(id, "id");
            this.backend = Objects.requireNonNull(backend, "backend");
            this.createdAt = Objects.requireNonNull(createdAt, "createdAt");
            this.lastActiveAt = createdAt;
        }

        /**
         * See {@link SandboxInfo#state()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder state(SandboxState value) {
            state = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#providerRef()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder providerRef(@Nullable String value) {
            providerRef = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#owner()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder owner(@Nullable String value) {
            owner = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#image()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder image(@Nullable String value) {
            image = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#labels()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder labels(Map<String, String> value) {
            labels = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#retention()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder retention(Retention value) {
            retention = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#lifetime()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder lifetime(Lifetime value) {
            lifetime = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#idleTimeout()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder idleTimeout(@Nullable Duration value) {
            idleTimeout = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#expiresAt()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder expiresAt(@Nullable Instant value) {
            expiresAt = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#lastActiveAt()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder lastActiveAt(Instant value) {
            lastActiveAt = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#busyUntil()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder busyUntil(@Nullable Instant value) {
            busyUntil = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#cleanupAttempts()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder cleanupAttempts(int value) {
            cleanupAttempts = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#lastError()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder lastError(@Nullable String value) {
            lastError = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#endedAt()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder endedAt(@Nullable Instant value) {
            endedAt = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#endReason()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder endReason(@Nullable String value) {
            endReason = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#endPolicy()}.
         *
         * @param value the value; null for none
         * @return this builder
         */
        public Builder endPolicy(@Nullable String value) {
            endPolicy = value;
            return this;
        }

        /**
         * See {@link SandboxInfo#audit()}.
         *
         * @param value the value
         * @return this builder
         */
        public Builder audit(List<AuditEntry> value) {
            audit = value;
            return this;
        }

        /**
         * Finishes the info.
         *
         * @return the info
         */
        public SandboxInfo build() {
            return new SandboxInfo(this);
        }
    }
}

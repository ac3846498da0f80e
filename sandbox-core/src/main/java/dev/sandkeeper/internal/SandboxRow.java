package dev.sandkeeper.internal;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A live sandbox as the store has it. All times are the store's and whole milliseconds. Immutable: {@link #change()} starts
 * a copy that {@link SandboxRows#compareAndSet} may put in its place.
 */
public final class SandboxRow {
    private static final int MOST_ENTRIES = 50;
    private static final int KEPT_OF_THE_BEGINNING = 10;

    private final SandboxId id;
    private final String backend;
    private final Retention retention;
    private final Lifetime lifetime;
    private final @Nullable String owner;
    private final @Nullable String image;
    private final String spec;
    private final Map<String, String> labels;
    private final String creator;
    private final Instant createdAt;
    private final long version;
    private final Change values;

    private SandboxRow(Creation creation, long version, Change values) {
        this.id = creation.id;
        this.backend = creation.backend;
        this.retention = creation.retention;
        this.lifetime = creation.lifetime;
        this.owner = creation.owner;
        this.image = creation.image;
        this.spec = creation.spec;
        this.labels = Map.copyOf(creation.labels);
        this.creator = creation.creator;
        this.createdAt = creation.createdAt;
        this.version = version;
        this.values = values;
    }

    /**
     * What never changes after the insert.
     *
     * @param id our id
     * @param backend the backend's name
     * @param retention which time to live applies
     * @param lifetime what the life is tied to
     * @param owner who is charged
     * @param image what it is made from
     * @param spec the spec as JSON, names but no values of the environment
     * @param labels the application's labels
     * @param creator the JVM that created it, as {@code host/pid/random}
     * @param createdAt when the row was made
     */
    public record Creation(
            SandboxId id,
            String backend,
            Retention retention,
            Lifetime lifetime,
            @Nullable String owner,
            @Nullable String image,
            String spec,
            Map<String, String> labels,
            String creator,
            Instant createdAt) {
        /** Copies the labels. */
        public Creation {
            Objects.requireNonNull(id, "id");
            labels = Map.copyOf(labels);
        }
    }

    /**
     * Starts a row that is not in the store yet, in state PROVISIONING, due at once, last active when it was created.
     *
     * @param creation what never changes
     * @return the changeable rest, to be completed with {@link Change#build()}
     */
    public static Change create(Creation creation) {
        return new Change(creation, 0);
    }

    /**
     * Starts a row as it was read.
     *
     * @param creation what never changes
     * @param version the version that was read
     * @return the changeable rest, to be completed with {@link Change#build()}
     */
    public static Change restore(Creation creation, long version) {
        return new Change(creation, version);
    }

    /**
     * Starts a changed copy with the same version.
     *
     * @return what can change, holding what this row holds
     */
    public Change change() {
        Change copy = new Change(creation(), version);
        copy.state = values.state;
        copy.providerRef = values.providerRef;
        copy.timeToLive = values.timeToLive;
        copy.idleTimeout = values.idleTimeout;
        copy.expiresAt = values.expiresAt;
        copy.lastActiveAt = values.lastActiveAt;
        copy.busyUntil = values.busyUntil;
        copy.dueAt = values.dueAt;
        copy.settledAt = values.settledAt;
        copy.attempts = values.attempts;
        copy.nextAttemptAt = values.nextAttemptAt;
        copy.lastError = values.lastError;
        copy.leaseOwner = values.leaseOwner;
        copy.leaseUntil = values.leaseUntil;
        copy.fence = values.fence;
        copy.claimedAt = values.claimedAt;
        copy.endReason = values.endReason;
        copy.endPolicy = values.endPolicy;
        copy.endedBy = values.endedBy;
        copy.usage = values.usage;
        copy.freedBytes = values.freedBytes;
        copy.audit = values.audit;
        return copy;
    }

    /** {@return the part that the insert fixed} What never changes. */
    public Creation creation() {
        return new Creation(id, backend, retention, lifetime, owner, image, spec, labels, creator, createdAt);
    }

    /** {@return the primary key} Our id. */
    public SandboxId id() {
        return id;
    }

    /** {@return at most 64 characters} The backend's name. */
    public String backend() {
        return backend;
    }

    /** {@return the retention} Which time to live applies. */
    public Retention retention() {
        return retention;
    }

    /** {@return the lifetime} What the life is tied to. */
    public Lifetime lifetime() {
        return lifetime;
    }

    /** {@return the owner, or null} Who is charged. */
    public @Nullable String owner() {
        return owner;
    }

    /** {@return the image, or null for the backend's default} What it is made from. */
    public @Nullable String image() {
        return image;
    }

    /** {@return JSON without any value of the environment} The spec. */
    public String spec() {
        return spec;
    }

    /** {@return immutable} The application's labels. */
    public Map<String, String> labels() {
        return labels;
    }

    /** {@return {@code host/pid/random}} The JVM that created it. */
    public String creator() {
        return creator;
    }

    /** {@return the time} When the row was made. */
    public Instant createdAt() {
        return createdAt;
    }

    /** {@return 0 for one that is not in the store yet} Counts every change of the row. */
    public long version() {
        return version;
    }

    /** {@return never CLEANED: history has those} Where it is in its life. */
    public SandboxState state() {
        return values.state;
    }

    /** {@return null until the provider has answered} The provider's name for it. */
    public @Nullable String providerRef() {
        return values.providerRef;
    }

    /** {@return null if it does not end by time} The time to live that a renewal without a time uses. */
    public @Nullable Duration timeToLive() {
        return values.timeToLive;
    }

    /** {@return null if it may be idle for ever} The longest time without activity. */
    public @Nullable Duration idleTimeout() {
        return values.idleTimeout;
    }

    /** {@return null if it does not end by time} When its time to live is over. */
    public @Nullable Instant expiresAt() {
        return values.expiresAt;
    }

    /** {@return never before creation} When something last happened in it. */
    public Instant lastActiveAt() {
        return values.lastActiveAt;
    }

    /** {@return null if none did} Until when a JVM vouches that something runs in it. */
    public @Nullable Instant busyUntil() {
        return values.busyUntil;
    }

    /** {@return never null} When somebody must look next. */
    public Instant dueAt() {
        return values.dueAt;
    }

    /** {@return null while it is not known, or once it has a ref} From when on a create of it cannot take effect any more. */
    public @Nullable Instant settledAt() {
        return values.settledAt;
    }

    /** {@return 0 or more} How often cleaning it has failed. */
    public int attempts() {
        return values.attempts;
    }

    /** {@return null if it never failed} When cleaning is tried again. */
    public @Nullable Instant nextAttemptAt() {
        return values.nextAttemptAt;
    }

    /** {@return at most 1,000 characters, or null} What went wrong last. */
    public @Nullable String lastError() {
        return values.lastError;
    }

    /** {@return null if nobody} Who has the lease: the creating JVM while PROVISIONING, the cleaner while CLEANING. */
    public @Nullable String leaseOwner() {
        return values.leaseOwner;
    }

    /** {@return null if nobody has it} Until when. */
    public @Nullable Instant leaseUntil() {
        return values.leaseUntil;
    }

    /** {@return 0 if it was never claimed} The fencing token: counts the claims. */
    public long fence() {
        return values.fence;
    }

    /** {@return null before} When it passed the point of no return. */
    public @Nullable Instant claimedAt() {
        return values.claimedAt;
    }

    /** {@return null before it was decided} Why it ends. */
    public @Nullable String endReason() {
        return values.endReason;
    }

    /** {@return null before it was decided} The policy that decided. */
    public @Nullable String endPolicy() {
        return values.endPolicy;
    }

    /** {@return null before it was decided} The JVM that decided. */
    public @Nullable String endedBy() {
        return values.endedBy;
    }

    /** {@return JSON, or null if it is not known} What it had used before it was destroyed. */
    public @Nullable String usage() {
        return values.usage;
    }

    /** {@return null if it is not known} What its end freed on disk. */
    public @Nullable Long freedBytes() {
        return values.freedBytes;
    }

    /** {@return the oldest first, immutable} What happened to it. */
    public List<AuditEntry> audit() {
        return values.audit;
    }

    /**
     * This row with the version that a successful change gave it.
     *
     * @param newVersion the version
     * @return a copy
     */
    public SandboxRow withVersion(long newVersion) {
        Change copy = change();
        return new SandboxRow(creation(), newVersion, copy);
    }

    /** Id, state and version. */
    @Override
    public String toString() {
        return "SandboxRow[" + id + ", " + values.state + ", version " + version + "]";
    }

    /** What can change. Not thread-safe. */
    public static final class Change {
        private final Creation creation;
        private final long version;
        private SandboxState state = SandboxState.PROVISIONING;
        private @Nullable String providerRef;
        private @Nullable Duration timeToLive;
        private @Nullable Duration idleTimeout;
        private @Nullable Instant expiresAt;
        private Instant lastActiveAt;
        private @Nullable Instant busyUntil;
        private Instant dueAt;
        private @Nullable Instant settledAt;
        private int attempts;
        private @Nullable Instant nextAttemptAt;
        private @Nullable String lastError;
        private @Nullable String leaseOwner;
        private @Nullable Instant leaseUntil;
        private long fence;
        private @Nullable Instant claimedAt;
        private @Nullable String endReason;
        private @Nullable String endPolicy;
        private @Nullable String endedBy;
        private @Nullable String usage;
        private @Nullable Long freedBytes;
        private List<AuditEntry> audit = List.of();

        private Change(Creation creation, long version) {
            this.creation = creation;
            this.version = version;
            this.lastActiveAt = creation.createdAt;
            this.dueAt = creation.createdAt;
        }

        /**
         * See {@link SandboxRow#state()}.
         *
         * @param value the new value
         * @return this
         */
        public Change state(SandboxState value) {
            state = value;
            return this;
        }

        /**
         * See {@link SandboxRow#providerRef()}.
         *
         * @param value the new value
         * @return this
         */
        public Change providerRef(@Nullable String value) {
            providerRef = value;
            return this;
        }

        /**
         * See {@link SandboxRow#timeToLive()}.
         *
         * @param value the new value
         * @return this
         */
        public Change timeToLive(@Nullable Duration value) {
            timeToLive = value;
            return this;
        }

        /**
         * See {@link SandboxRow#idleTimeout()}.
         *
         * @param value the new value
         * @return this
         */
        public Change idleTimeout(@Nullable Duration value) {
            idleTimeout = value;
            return this;
        }

        /**
         * See {@link SandboxRow#expiresAt()}.
         *
         * @param value the new value
         * @return this
         */
        public Change expiresAt(@Nullable Instant value) {
            expiresAt = value;
            return this;
        }

        /**
         * See {@link SandboxRow#lastActiveAt()}.
         *
         * @param value the new value
         * @return this
         */
        public Change lastActiveAt(Instant value) {
            lastActiveAt = value;
            return this;
        }

        /**
         * See {@link SandboxRow#busyUntil()}.
         *
         * @param value the new value
         * @return this
         */
        public Change busyUntil(@Nullable Instant value) {
            busyUntil = value;
            return this;
        }

        /**
         * See {@link SandboxRow#dueAt()}.
         *
         * @param value the new value
         * @return this
         */
        public Change dueAt(Instant value) {
            dueAt = value;
            return this;
        }

        /**
         * See {@link SandboxRow#settledAt()}.
         *
         * @param value the new value
         * @return this
         */
        public Change settledAt(@Nullable Instant value) {
            settledAt = value;
            return this;
        }

        /**
         * See {@link SandboxRow#attempts()}.
         *
         * @param value the new value
         * @return this
         */
        public Change attempts(int value) {
            attempts = value;
            return this;
        }

        /**
         * See {@link SandboxRow#nextAttemptAt()}.
         *
         * @param value the new value
         * @return this
         */
        public Change nextAttemptAt(@Nullable Instant value) {
            nextAttemptAt = value;
            return this;
        }

        /**
         * See {@link SandboxRow#lastError()}.
         *
         * @param value the new value, cut to 1,000 characters
         * @return this
         */
        public Change lastError(@Nullable String value) {
            lastError = value == null || value.length() <= 1000 ? value : value.substring(0, 1000);
            return this;
        }

        /**
         * See {@link SandboxRow#leaseOwner()} and {@link SandboxRow#leaseUntil()}.
         *
         * @param owner the new owner, null for nobody
         * @param until the new end, null for nobody
         * @return this
         */
        public Change lease(@Nullable String owner, @Nullable Instant until) {
            leaseOwner = owner;
            leaseUntil = until;
            return this;
        }

        /**
         * See {@link SandboxRow#fence()}.
         *
         * @param value the new value
         * @return this
         */
        public Change fence(long value) {
            fence = value;
            return this;
        }

        /**
         * See {@link SandboxRow#claimedAt()}.
         *
         * @param value the new value
         * @return this
         */
        public Change claimedAt(@Nullable Instant value) {
            claimedAt = value;
            return this;
        }

        /**
         * See {@link SandboxRow#endReason()}, {@link SandboxRow#endPolicy()} and {@link SandboxRow#endedBy()}.
         *
         * @param reason why
         * @param policy which policy
         * @param by which JVM
         * @return this
         */
        public Change end(@Nullable String reason, @Nullable String policy, @Nullable String by) {
            endReason = reason;
            endPolicy = policy;
            endedBy = by;
            return this;
        }

        /**
         * See {@link SandboxRow#usage()} and {@link SandboxRow#freedBytes()}.
         *
         * @param report as JSON
         * @param freed in bytes
         * @return this
         */
        public Change usage(@Nullable String report, @Nullable Long freed) {
            usage = report;
            freedBytes = freed;
            return this;
        }

        /**
         * See {@link SandboxRow#audit()}.
         *
         * @param entries all of them
         * @return this
         */
        public Change audit(List<AuditEntry> entries) {
            audit = List.copyOf(entries);
            return this;
        }

        /**
         * Adds to {@link SandboxRow#audit()}; what is too much goes from the middle.
         *
         * @param entry the newest
         * @return this
         */
        public Change step(AuditEntry entry) {
            List<AuditEntry> entries = new ArrayList<>(audit);
            entries.add(entry);
            if (entries.size() > MOST_ENTRIES) {
                entries.remove(KEPT_OF_THE_BEGINNING);
            }
            audit = List.copyOf(entries);
            return this;
        }

        /** {@return the row} Finishes the copy; this object must not be used further. */
        public SandboxRow build() {
            return new SandboxRow(creation, version, this);
        }
    }
}

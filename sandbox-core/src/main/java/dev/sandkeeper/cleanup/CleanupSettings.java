package dev.sandkeeper.cleanup;

import java.time.Duration;
import java.util.Optional;

/** How the cleanup engine works. Immutable; the defaults suit production. */
public final class CleanupSettings {
    private final Duration interval;
    private final Duration lookInterval;
    private final Duration reviewInterval;
    private final Duration sweepInterval;
    private final Duration sweepGrace;
    private final Duration lease;
    private final Duration firstRetry;
    private final Duration longestRetry;
    private final int batch;
    private final int parallelism;
    private final int stuckAfter;
    private final boolean automatic;
    private final Duration providerTimeout;
    private final Duration archiveRetention;
    private final int rateLimit;
    private final boolean measureDisk;
    private final Optional<BeforeDestroy> beforeDestroy;
    private final Duration terminationGrace;

    private CleanupSettings(Builder b) {
        interval = b.interval;
        lookInterval = b.lookInterval;
        providerTimeout = b.providerTimeout;
        archiveRetention = b.archiveRetention;
        rateLimit = b.rateLimit;
        measureDisk = b.measureDisk;
        beforeDestroy = b.beforeDestroy;
        terminationGrace = b.terminationGrace;
        reviewInterval = b.reviewInterval;
        sweepInterval = b.sweepInterval;
        sweepGrace = b.sweepGrace;
        lease = b.lease;
        firstRetry = b.firstRetry;
        longestRetry = b.longestRetry;
        batch = b.batch;
        parallelism = b.parallelism;
        stuckAfter = b.stuckAfter;
        automatic = b.automatic;
    }

    /**
     * Starts from the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Starts from these settings.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.interval = interval;
        builder.lookInterval = lookInterval;
        builder.reviewInterval = reviewInterval;
        builder.sweepInterval = sweepInterval;
        builder.sweepGrace = sweepGrace;
        builder.lease = lease;
        builder.firstRetry = firstRetry;
        builder.longestRetry = longestRetry;
        builder.batch = batch;
        builder.parallelism = parallelism;
        builder.stuckAfter = stuckAfter;
        builder.automatic = automatic;
        builder.providerTimeout = providerTimeout;
        builder.archiveRetention = archiveRetention;
        builder.rateLimit = rateLimit;
        builder.measureDisk = measureDisk;
        builder.beforeDestroy = beforeDestroy;
        return builder;
    }

    /**
     * {@return the longest time between two full runs, which also purge the archive; default 1 hour, give or take a fifth} What
     * is due is ended at its time, without waiting for this: it is a backstop
     */
    public Duration interval() {
        return interval;
    }

    /**
     * {@return the longest time between two looks whether something is due that another JVM has written; default 3 seconds} A
     * look is one read of an index
     */
    public Duration lookInterval() {
        return lookInterval;
    }

    /** {@return how long one call of a provider may take before it counts as failed; default 2 minutes} */
    public Duration providerTimeout() {
        return providerTimeout;
    }

    /** {@return how long the history of a sandbox is kept after its end; default 30 days} */
    public Duration archiveRetention() {
        return archiveRetention;
    }

    /** {@return how many sandboxes the engine of this JVM ends in a second at most; default 100, 0 for no limit} */
    public int rateLimit() {
        return rateLimit;
    }

    /** {@return how long what runs in a sandbox may take to end by itself before it is destroyed; default 0: it is not asked} */
    public Duration terminationGrace() {
        return terminationGrace;
    }

    /** {@return what is kept of each sandbox before it is destroyed; default nothing} */
    public Optional<BeforeDestroy> beforeDestroy() {
        return beforeDestroy;
    }

    /** {@return whether the engine connects to a sandbox to measure its disk where the provider does not tell; default false} */
    public boolean measureDisk() {
        return measureDisk;
    }

    /** {@return the longest time after which a sandbox is looked at although nothing is due; default 10 minutes} */
    public Duration reviewInterval() {
        return reviewInterval;
    }

    /** {@return the time between two sweeps of a provider, give or take a fifth; default 5 minutes} */
    public Duration sweepInterval() {
        return sweepInterval;
    }

    /** {@return how long an orphan must have been seen before it is destroyed; default 1 minute} */
    public Duration sweepGrace() {
        return sweepGrace;
    }

    /** {@return how long a claim holds without being kept up; default 1 minute} */
    public Duration lease() {
        return lease;
    }

    /** {@return the time before a failed cleaning is tried again for the first time; doubles each time; default 1 second} */
    public Duration firstRetry() {
        return firstRetry;
    }

    /** {@return the longest time before a failed cleaning is tried again; default 5 minutes} */
    public Duration longestRetry() {
        return longestRetry;
    }

    /** {@return how many due sandboxes are read at a time; default 100} */
    public int batch() {
        return batch;
    }

    /** {@return how many are cleaned at the same time; default 4} */
    public int parallelism() {
        return parallelism;
    }

    /** {@return after how many failures a sandbox counts as stuck and listeners are told so; default 10} */
    public int stuckAfter() {
        return stuckAfter;
    }

    /** {@return whether the engine works by itself; default true. Else only {@link Cleanup#run()} does} */
    public boolean automatic() {
        return automatic;
    }

    /** Collects settings. Each setter checks its own argument. Not thread-safe. */
    public static final class Builder {
        private Duration interval = Duration.ofHours(1);
        private Duration lookInterval = Duration.ofSeconds(3);
        private Duration providerTimeout = Duration.ofMinutes(2);
        private Duration archiveRetention = Duration.ofDays(30);
        private int rateLimit = 100;
        private boolean measureDisk;
        private Optional<BeforeDestroy> beforeDestroy = Optional.empty();
        private Duration terminationGrace = Duration.ZERO;
        private Duration reviewInterval = Duration.ofMinutes(10);
        private Duration sweepInterval = Duration.ofMinutes(5);
        private Duration sweepGrace = Duration.ofMinutes(1);
        private Duration lease = Duration.ofMinutes(1);
        private Duration firstRetry = Duration.ofSeconds(1);
        private Duration longestRetry = Duration.ofMinutes(5);
        private int batch = 100;
        private int parallelism = 4;
        private int stuckAfter = 10;
        private boolean automatic = true;

        private Builder() {}

        /**
         * See {@link CleanupSettings#interval()}.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder interval(Duration time) {
            interval = checked("interval", time);
            return this;
        }

        /**
         * See {@link CleanupSettings#lookInterval()}.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder lookInterval(Duration time) {
            lookInterval = checked("lookInterval", time);
            return this;
        }

        /**
         * See {@link CleanupSettings#providerTimeout()}.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder providerTimeout(Duration time) {
            providerTimeout = checked("providerTimeout", time);
            return this;
        }

        /**
         * See {@link CleanupSettings#archiveRetention()}.
         *
         * @param time from 1 minute to 36,500 days. A purged id is not known any more
         * @return this builder
         */
        public Builder archiveRetention(Duration time) {
            if (time.compareTo(Duration.ofMinutes(1)) < 0 || time.compareTo(Duration.ofDays(36_500)) > 0) {
                throw new IllegalArgumentException("archiveRetention must be from 1 minute to 36500 days: " + time);
            }
            archiveRetention = time;
            return this;
        }

        /**
         * See {@link CleanupSettings#rateLimit()}.
         *
         * @param perSecond from 0, which is no limit, to 1,000,000
         * @return this builder
         */
        public Builder rateLimit(int perSecond) {
            rateLimit = perSecond == 0 ? 0 : checked("rateLimit", perSecond, 1_000_000);
            return this;
        }

        /**
         * See {@link CleanupSettings#beforeDestroy()}. Applies to every end of a sandbox, the application's own
         * {@code destroy} and {@code close} included.
         *
         * @param plan what is kept, and where
         * @return this builder
         */
        public Builder beforeDestroy(BeforeDestroy plan) {
            beforeDestroy = Optional.of(plan);
            return this;
        }

        /**
         * See {@link CleanupSettings#terminationGrace()}. Before anything is exported or destroyed, every process in the sandbox
         * gets TERM, and as long as one of them runs, this is waited for. It applies to every end of a sandbox, as
         * {@link #beforeDestroy} does, and what waits takes one of the places of {@link #parallelism}. A handle's {@code close()}
         * still returns after 10 seconds, and the sandbox ends behind it.
         *
         * @param grace from 0, which is not to ask, to 10 minutes
         * @return this builder
         */
        public Builder terminationGrace(Duration grace) {
            if (grace.isNegative() || grace.compareTo(Duration.ofMinutes(10)) > 0) {
                throw new IllegalArgumentException("terminationGrace must be from 0 to 10 minutes: " + grace);
            }
            terminationGrace = grace;
            return this;
        }

        /**
         * See {@link CleanupSettings#measureDisk()}. It costs a connection and a command for each sandbox. What else a sandbox
         * has used is then waited for up to 5 seconds, which Docker may need; by default no more than 100 milliseconds.
         *
         * @return this builder
         */
        public Builder measureDisk() {
            measureDisk = true;
            return this;
        }

        /**
         * See {@link CleanupSettings#reviewInterval()}.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder reviewInterval(Duration time) {
            reviewInterval = checked("reviewInterval", time);
            return this;
        }

        /**
         * See {@link CleanupSettings#sweepInterval()}.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder sweepInterval(Duration time) {
            sweepInterval = checked("sweepInterval", time);
            return this;
        }

        /**
         * See {@link CleanupSettings#sweepGrace()}. Never zero: a row and its resource do not come at the same instant.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder sweepGrace(Duration time) {
            sweepGrace = checked("sweepGrace", time);
            return this;
        }

        /**
         * See {@link CleanupSettings#lease()}.
         *
         * @param time from 10 milliseconds to 1 day
         * @return this builder
         */
        public Builder lease(Duration time) {
            lease = checked("lease", time);
            return this;
        }

        /**
         * Sets when a failed cleaning is tried again.
         *
         * @param first before the first time; doubles each time; from 10 milliseconds to 1 day
         * @param longest the cap; not less than {@code first}
         * @return this builder
         */
        public Builder retry(Duration first, Duration longest) {
            firstRetry = checked("first retry", first);
            longestRetry = checked("longest retry", longest);
            if (longest.compareTo(first) < 0) {
                throw new IllegalArgumentException("longest retry " + longest + " is less than first retry " + first);
            }
            return this;
        }

        /**
         * See {@link CleanupSettings#batch()}.
         *
         * @param count from 1 to 10,000
         * @return this builder
         */
        public Builder batch(int count) {
            batch = checked("batch", count, 10_000);
            return this;
        }

        /**
         * See {@link CleanupSettings#parallelism()}.
         *
         * @param count from 1 to 1,000
         * @return this builder
         */
        public Builder parallelism(int count) {
            parallelism = checked("parallelism", count, 1_000);
            return this;
        }

        /**
         * See {@link CleanupSettings#stuckAfter()}.
         *
         * @param count from 1 to 1,000,000
         * @return this builder
         */
        public Builder stuckAfter(int count) {
            stuckAfter = checked("stuckAfter", count, 1_000_000);
            return this;
        }

        /**
         * Leaves cleaning to {@link Cleanup#run()} and {@link Cleanup#sweep()}: for tests and for hosts with a schedule of
         * their own. A deployment in which nobody cleans leaks.
         *
         * @return this builder
         */
        public Builder manual() {
            automatic = false;
            return this;
        }

        /**
         * Finishes the settings.
         *
         * @return the settings
         */
        public CleanupSettings build() {
            return new CleanupSettings(this);
        }

        private static Duration checked(String field, Duration time) {
            if (time.toMillis() < 10 || time.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException(field + " must be from 10 milliseconds to 1 day: " + time);
            }
            return time;
        }

        private static int checked(String field, int value, int most) {
            if (value < 1 || value > most) {
                throw new IllegalArgumentException(field + " must be from 1 to " + most + ": " + value);
            }
            return value;
        }
    }
}

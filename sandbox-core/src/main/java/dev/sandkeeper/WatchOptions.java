package dev.sandkeeper;

import java.time.Duration;
import java.util.Objects;

/** How a directory is watched. Immutable. */
public final class WatchOptions {
    /** The most entries that a watch can be asked to look at: 100,000. */
    public static final int MOST_ENTRIES = 100_000;

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final WatchOptions DEFAULTS = builder().build();

    private final boolean recursive;
    private final Duration interval;
    private final int maxEntries;

    private WatchOptions(Builder builder) {
        this.recursive = builder.recursive;
        this.interval = builder.interval;
        this.maxEntries = builder.maxEntries;
    }

    /** {@return the whole tree, every second, at most 10,000 entries} */
    public static WatchOptions defaults() {
        return DEFAULTS;
    }

    /** {@return a builder that has the defaults} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return whether directories below are watched too} */
    public boolean recursive() {
        return recursive;
    }

    /** {@return the time from one look to the next} */
    public Duration interval() {
        return interval;
    }

    /** {@return the most files and directories that are watched} */
    public int maxEntries() {
        return maxEntries;
    }

    /** Builds options. Not thread-safe. */
    public static final class Builder {
        private boolean recursive = true;
        private Duration interval = Duration.ofSeconds(1);
        private int maxEntries = 10_000;

        private Builder() {}

        /**
         * Chooses between the whole tree and what is in the directory itself. Default the whole tree.
         *
         * @param tree whether directories below are watched too
         * @return this
         */
        public Builder recursive(boolean tree) {
            recursive = tree;
            return this;
        }

        /**
         * Sets the time between the end of one look and the start of the next. Default 1 second.
         *
         * @param time from 100 milliseconds to 1 hour
         * @return this
         */
        public Builder interval(Duration time) {
            Objects.requireNonNull(time, "interval");
            if (time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException("interval must be from 100 ms to 1 hour: " + time);
            }
            interval = time;
            return this;
        }

        /**
         * Limits what is looked at. Default 10,000.
         *
         * @param count the most files and directories, from 1 to {@link WatchOptions#MOST_ENTRIES}; each counts for 1 KB of
         *     what the sandbox may answer, its path included
         * @return this
         */
        public Builder maxEntries(int count) {
            if (count < 1 || count > MOST_ENTRIES) {
                throw new IllegalArgumentException("maxEntries must be from 1 to " + MOST_ENTRIES + ": " + count);
            }
            maxEntries = count;
            return this;
        }

        /** {@return the options} */
        public WatchOptions build() {
            return new WatchOptions(this);
        }
    }
}

package dev.sandkeeper;

import java.util.Objects;

/** Limits and listener of the transfer of a directory. Immutable. */
public final class TransferOptions {
    private static final TransferOptions DEFAULTS = builder().build();

    private final long maxEntries;
    private final long maxBytes;
    private final TransferListener listener;

    private TransferOptions(Builder builder) {
        this.maxEntries = builder.maxEntries;
        this.maxBytes = builder.maxBytes;
        this.listener = builder.listener;
    }

    /** {@return 100,000 entries, 10 GiB, no listener} */
    public static TransferOptions defaults() {
        return DEFAULTS;
    }

    /** {@return a builder that has the defaults} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the most files, directories and skipped entries together} */
    public long maxEntries() {
        return maxEntries;
    }

    /** {@return the most bytes of all files together} */
    public long maxBytes() {
        return maxBytes;
    }

    /** {@return who hears of the progress} */
    public TransferListener listener() {
        return listener;
    }

    /** Builds options. Not thread-safe. */
    public static final class Builder {
        private long maxEntries = 100_000;
        private long maxBytes = 10L << 30;
        private TransferListener listener = (files, bytes) -> {};

        private Builder() {}

        /**
         * Limits the number of entries. Default 100,000.
         *
         * @param count the most files, directories and skipped entries together, more than 0
         * @return this
         */
        public Builder maxEntries(long count) {
            if (count < 1) {
                throw new IllegalArgumentException("maxEntries must be > 0: " + count);
            }
            maxEntries = count;
            return this;
        }

        /**
         * Limits the size. Default 10 GiB.
         *
         * @param count the most bytes of all files together, 0 or more
         * @return this
         */
        public Builder maxBytes(long count) {
            if (count < 0) {
                throw new IllegalArgumentException("maxBytes must be >= 0: " + count);
            }
            maxBytes = count;
            return this;
        }

        /**
         * Hears of the progress. Default nobody.
         *
         * @param listener who
         * @return this
         */
        public Builder listener(TransferListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /** {@return the options} */
        public TransferOptions build() {
            return new TransferOptions(this);
        }
    }
}

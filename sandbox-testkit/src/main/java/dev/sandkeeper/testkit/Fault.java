package dev.sandkeeper.testkit;

import java.time.Duration;
import java.util.Objects;

/**
 * What can go wrong between a backend and its provider. Where a kind makes no sense for an operation it behaves as
 * {@link Kind#UNAVAILABLE}.
 *
 * @param kind what happens
 * @param time how long it takes, or how far a list lags; zero where the kind knows no time
 */
public record Fault(Kind kind, Duration time) {
    /** Refuses null and a negative time. */
    public Fault {
        Objects.requireNonNull(kind, "kind");
        if (time.isNegative()) {
            throw new IllegalArgumentException("time must not be negative: " + time);
        }
    }

    /** What happens. */
    public enum Kind {
        /**
         * The operation is done, but the caller hears {@link dev.sandkeeper.OutcomeUnknownException} of a create and
         * {@link dev.sandkeeper.BackendUnavailableException} of anything else.
         */
        LOST_ANSWER,
        /** As {@link #LOST_ANSWER}, but what was asked for is done only after the time, when the caller has long gone on. */
        LATE,
        /** It takes the time, and then happens. */
        SLOW,
        /** The provider answers with an error of its own (an HTTP 5xx). Nothing is done. */
        UNAVAILABLE,
        /** The provider refuses: {@link dev.sandkeeper.BackendRejectedException}. Nothing is done. */
        REJECTED,
        /** Nothing is heard for the time, then it is given up. Nothing is done. */
        STALL,
        /** Nothing is ever heard, until the caller is interrupted or the backend closed. Nothing is done. */
        HANG,
        /**
         * The provider says that there is no such thing, although there is: a destroy does nothing and succeeds, a find and a
         * list come back empty, a state is GONE, an attach fails as gone.
         */
        NOT_FOUND,
        /** A state is UNKNOWN. */
        UNKNOWN_STATE,
        /** A list is that of so long ago, as far as this backend has seen it, and says that it may not be complete. */
        LAGGING_LIST,
        /** A list is that of so long ago, as far as this backend has seen it, and claims to be complete. */
        LYING_LIST,
        /** A list is cut after half of its entries, rounded down, and says so. */
        CUT_LIST
    }

    /**
     * A fault that knows no time.
     *
     * @param kind what happens
     * @return the fault
     */
    public static Fault of(Kind kind) {
        return new Fault(kind, Duration.ZERO);
    }

    /**
     * A fault that takes time.
     *
     * @param kind what happens
     * @param time how long
     * @return the fault
     */
    public static Fault of(Kind kind, Duration time) {
        return new Fault(kind, time);
    }
}

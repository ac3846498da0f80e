package dev.sandkeeper.testkit.simulator;

import java.time.Duration;
import java.util.Objects;

/**
 * What can go wrong between a client and a simulated provider.
 *
 * @param kind what happens
 * @param time how long it takes, in steps of a millisecond; zero where the kind knows no time
 * @param status the HTTP status that is answered; 0 where the kind knows none
 */
public record SimulatorFault(Kind kind, Duration time, int status) {
    /** Refuses null, a negative time, and a status that is none of a server's error. */
    public SimulatorFault {
        Objects.requireNonNull(kind, "kind");
        if (time.isNegative()) {
            throw new IllegalArgumentException("time must not be negative: " + time);
        }
        if (status != 0 && (status < 400 || status > 599)) {
            throw new IllegalArgumentException("status must be 0 or from 400 to 599: " + status);
        }
    }

    /** What happens. */
    public enum Kind {
        /** What was asked for is done, and the connection closed without a byte of an answer. */
        LOST_ANSWER,
        /** The connection is closed without an answer, and nothing was done. */
        LOST_REQUEST,
        /** It takes the time, and then happens. */
        SLOW,
        /**
         * Status, headers and the first half of the answer come, or the first message of a stream; then nothing for the time;
         * then the rest.
         */
        STALL,
        /** Status, headers and the first half of the answer come, or a message and a half of a stream; then the connection is closed. */
        CUT,
        /** 429, with {@code Retry-After} in whole seconds, rounded up, or without it where the time is zero. Nothing was done. */
        RATE_LIMITED,
        /** A 5xx in the provider's own words. Nothing was done. */
        SERVER_ERROR,
        /** The sandbox that the request is about is lost when the time has passed since the request came, whatever runs in it. */
        SANDBOX_DIES
    }

    /**
     * A fault that knows no time: an error of the server is a 500, and a 429 comes without {@code Retry-After}.
     *
     * @param kind what happens
     * @return the fault
     */
    public static SimulatorFault of(Kind kind) {
        return of(kind, Duration.ZERO);
    }

    /**
     * A fault that takes time.
     *
     * @param kind what happens
     * @param time how long; of a 429 what it asks the client to wait
     * @return the fault
     */
    public static SimulatorFault of(Kind kind, Duration time) {
        return new SimulatorFault(kind, time, kind == Kind.SERVER_ERROR ? 500 : kind == Kind.RATE_LIMITED ? 429 : 0);
    }

    /**
     * An error of the server.
     *
     * @param status from 500 to 599
     * @return the fault
     */
    public static SimulatorFault serverError(int status) {
        return new SimulatorFault(Kind.SERVER_ERROR, Duration.ZERO, status);
    }
}

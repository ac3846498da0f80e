package dev.sandkeeper.testkit.simulator.daytona;

import org.jspecify.annotations.Nullable;

/** An answer that is an error: a status, what it says, and the word for programs where the toolbox has one. */
final class DaytonaRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final @Nullable String code;

    private DaytonaRefusal(int status, @Nullable String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
    }

    /** An error of the control plane, or one of the toolbox whose code goes by its status. */
    static DaytonaRefusal of(int status, String message) {
        return new DaytonaRefusal(status, null, message);
    }

    /** An error of the toolbox with a code of its own. */
    static DaytonaRefusal coded(int status, String code, String message) {
        return new DaytonaRefusal(status, code, message);
    }

    static DaytonaRefusal bad(String message) {
        return of(400, message);
    }

    static DaytonaRefusal missing(String message) {
        return of(404, message);
    }

    static DaytonaRefusal conflict(String message) {
        return of(409, message);
    }

    int status() {
        return status;
    }

    @Nullable
    String code() {
        return code;
    }

    String message() {
        return String.valueOf(getMessage());
    }
}

package dev.sandkeeper.testkit.simulator.fly;

import org.jspecify.annotations.Nullable;

/** How a region says that it has no room. */
public enum FlyNoRoom {
    /** 409: the chosen host has no memory left. */
    HOST_FULL(
            409,
            "aborted: could not reserve resource for machine: insufficient memory available to fulfill request",
            null),
    /** 422 with status {@code insufficient_capacity}: no host will do. */
    REGION_FULL(422, "could not find a candidate host", "insufficient_capacity"),
    /** 403: the organization's quota of that region is used up. */
    QUOTA(
            403,
            "organization \"personal\" is using 40960 MB of memory which is over the allowed quota. please consider other regions",
            null);

    private final int status;
    private final String text;
    private final @Nullable String code;

    FlyNoRoom(int status, String text, @Nullable String code) {
        this.status = status;
        this.text = text;
        this.code = code;
    }

    RuntimeException refusal() {
        return FlyRefusal.of(status, text, code);
    }
}

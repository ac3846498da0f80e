package dev.sandkeeper.testkit.internal;

import java.util.OptionalInt;

/** The users of a simulated machine: {@code root}, {@code sandbox}, and every number. */
public final class Users {
    /** The number of the user {@code sandbox}, which commands run as if nobody is named. */
    public static final int SANDBOX = 1000;

    private Users() {}

    /**
     * Finds a user. A group after a colon is accepted and means nothing.
     *
     * @param user a name or number
     * @return the number, or nothing if there is no such user
     */
    public static OptionalInt uid(String user) {
        String name = user.replaceFirst(":.*", "");
        if (name.equals("root")) {
            return OptionalInt.of(0);
        }
        if (name.equals("sandbox")) {
            return OptionalInt.of(SANDBOX);
        }
        return name.matches("[0-9]{1,9}") ? OptionalInt.of(Integer.parseInt(name)) : OptionalInt.empty();
    }
}

package dev.sandkeeper.internal;

/** The permission bits that an application asks for. */
public final class FileModes {
    private FileModes() {}

    /**
     * Refuses what is none.
     *
     * @param mode the permission bits
     * @return the same
     * @throws IllegalArgumentException if it is not from 0 to 07777
     */
    public static int check(int mode) {
        if (mode < 0 || mode > 07777) {
            throw new IllegalArgumentException(
                    "mode must be from 0 to 07777 octal, as in 0644: " + Integer.toOctalString(mode));
        }
        return mode;
    }
}

package dev.sandkeeper;

/** Where a sandbox is in its life. It only moves on by compare-and-set of its row, never by a handle's opinion. */
public enum SandboxState {
    /** The row exists, the provider has been asked or is about to be; whether a resource exists is not known. */
    PROVISIONING,
    /** It takes commands. */
    ACTIVE,
    /** It is being paused. */
    PAUSING,
    /** Its memory is kept and nothing runs in it. */
    PAUSED,
    /** It is being resumed. */
    RESUMING,
    /** A policy says that it must go. It may still be renewed until a cleaner claims it. */
    EXPIRED,
    /** A cleaner has claimed it. There is no way back, even when that cleaner fails. */
    CLEANING,
    /** Nothing of it is left at the provider; only its history is. */
    CLEANED;

    /**
     * Whether it takes commands, or will once it has been created or resumed.
     *
     * @return true before {@link #CLEANING}
     */
    public boolean isLive() {
        return this != CLEANING && this != CLEANED;
    }
}

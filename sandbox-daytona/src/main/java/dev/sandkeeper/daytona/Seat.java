package dev.sandkeeper.daytona;

/** What runs a command in its sandbox and tells of it. */
interface Seat {
    /** Its name, as {@link dev.sandkeeper.spi.BackendProcess#channel()} tells it. */
    String channel();

    /**
     * The command has ended, or nothing will be known of it.
     *
     * @param clean whether it has ended by itself and left nothing behind
     * @param spooled whether files of its output are in its place
     */
    void release(boolean clean, boolean spooled);

    /** Lets go of a command that may run on, and of which nothing more is told. */
    void leave();

    /** Ends it, as far as the daemon can. */
    void delete();
}

package dev.sandkeeper.docker;

/** What a command runs on in the sandbox, and what becomes of that when the command has ended. */
interface Seat {
    /** The name of the channel. */
    String channel();

    /** Whether the first process of the command's {@link Target} outlives it and may run the next one. */
    boolean lasts();

    /** The main process has ended; there may be output yet. */
    void mainEnded();

    /**
     * All output is here. Called once, and not after {@link #leave}.
     *
     * @param clean whether the command has ended in order and left no process behind
     */
    void release(boolean clean);

    /** Nobody wants the output any more; the command may go on. Does not block. */
    void leave();
}

package dev.sandkeeper.daytona;

/** A command that was started through a connection, as that knows it. */
interface Live {
    /** What the scripts that end commands call it. */
    String target();

    /** Whether its main process is known to have ended. */
    boolean isOver();

    /** The connection that started it is closed. */
    void abandon();
}

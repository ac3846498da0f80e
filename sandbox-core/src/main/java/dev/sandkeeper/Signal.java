package dev.sandkeeper;

/** What can be sent to a running command's process tree. Numbers are those of Linux (signal(7)). */
public enum Signal {
    /** Hang up. */
    HUP(1),
    /** Interrupt, as from a keyboard. */
    INT(2),
    /** Quit. */
    QUIT(3),
    /** End at once; cannot be caught. */
    KILL(9),
    /** User-defined. */
    USR1(10),
    /** User-defined. */
    USR2(12),
    /** End, please. */
    TERM(15),
    /** Go on. */
    CONT(18),
    /** Halt; cannot be caught. */
    STOP(19);

    private final int number;

    Signal(int number) {
        this.number = number;
    }

    /**
     * The signal's number on Linux.
     *
     * @return from 1 to 31
     */
    public int number() {
        return number;
    }
}

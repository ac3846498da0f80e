package dev.sandkeeper;

/** Which time to live applies to a sandbox whose spec names none. */
public enum Retention {
    /** 24 hours unless the manager was told otherwise. */
    DEFAULT,
    /** 7 days unless the manager was told otherwise. */
    EXTENDED,
    /** Never ends by time; it is still reviewed, and other policies still apply. */
    PERMANENT
}

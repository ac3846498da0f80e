package dev.sandkeeper;

/** Which of a command's two output streams. */
public enum OutputSource {
    /** Standard output. */
    STDOUT,
    /** Standard error. */
    STDERR
}

package dev.sandkeeper;

import java.util.OptionalInt;

/**
 * How a command's main process ended.
 *
 * @param exitCode from 0 to 255; 128 plus the signal's number where a signal ended it
 * @param timedOut whether its deadline ended it
 * @param outOfMemory whether it was killed because the sandbox had used up its memory: the kernel has counted such a kill in the
 *     sandbox since it was last looked at, and nobody here has killed the command. False also where nobody counts
 */
public record ExitStatus(int exitCode, boolean timedOut, boolean outOfMemory) {
    /**
     * An end that memory has nothing to do with.
     *
     * @param exitCode from 0 to 255
     * @param timedOut whether its deadline ended it
     */
    public ExitStatus(int exitCode, boolean timedOut) {
        this(exitCode, timedOut, false);
    }

    /**
     * The signal that ended it, by the convention of shells: exit codes from 129 to 159 are 128 plus a signal's number. A
     * program that itself exits with such a code looks the same.
     *
     * @return the signal's number, or nothing
     */
    public OptionalInt signal() {
        return exitCode > 128 && exitCode < 160 ? OptionalInt.of(exitCode - 128) : OptionalInt.empty();
    }
}

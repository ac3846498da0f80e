package dev.sandkeeper;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;

/**
 * Is told what a command prints while {@link Sandbox#exec(Command, OutputListener)} runs it: by one thread at a time, in the
 * order of each stream. While it has not returned the program waits, once what lies between is full; nothing is stored up.
 * If it throws, the command is ended and exec throws the same.
 */
@FunctionalInterface
public interface OutputListener {
    /** The longest line that {@link #lines(BiConsumer)} hands out in one piece, in bytes. */
    int LONGEST_LINE = 65_536;

    /**
     * Takes what has come.
     *
     * @param source where from
     * @param bytes at least one; read-only, and valid until this returns
     */
    void output(OutputSource source, ByteBuffer bytes);

    /**
     * Is told that no more comes. Called once for each stream after the command's end, unless exec throws.
     *
     * @param source which stream
     */
    default void end(OutputSource source) {}

    /**
     * Takes whole lines of at most {@link #LONGEST_LINE} bytes; as {@link #lines(int, BiConsumer)}.
     *
     * @param action is given each line
     * @return a listener for one command
     */
    static OutputListener lines(BiConsumer<OutputSource, String> action) {
        return lines(LONGEST_LINE, action);
    }

    /**
     * Takes whole lines, as UTF-8, malformed bytes replaced by U+FFFD. A line ends with LF or CRLF, which is left out, or with
     * its stream. A longer one than is wanted comes in pieces, none of which cuts a character.
     *
     * @param longest the most bytes of a piece, from 4 to 16,777,216
     * @param action is given each line
     * @return a listener for one command
     */
    static OutputListener lines(int longest, BiConsumer<OutputSource, String> action) {
        return new LineListener(longest, action);
    }
}

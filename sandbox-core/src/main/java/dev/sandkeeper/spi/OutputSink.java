package dev.sandkeeper.spi;

import java.io.IOException;

/**
 * Takes the output of a command as it comes. Called by one thread at a time for each stream. It may block: that is the
 * back-pressure which ends at the program in the sandbox. The array belongs to the caller and is used again.
 */
public interface OutputSink {
    /**
     * Takes bytes of standard output.
     *
     * @param buffer holds them
     * @param offset where they start
     * @param length how many, more than 0
     * @throws IOException if nobody wants them any more; the backend then goes on without calling this stream again
     */
    void stdout(byte[] buffer, int offset, int length) throws IOException;

    /**
     * Takes bytes of standard error.
     *
     * @param buffer holds them
     * @param offset where they start
     * @param length how many, more than 0
     * @throws IOException if nobody wants them any more; the backend then goes on without calling this stream again
     */
    void stderr(byte[] buffer, int offset, int length) throws IOException;
}

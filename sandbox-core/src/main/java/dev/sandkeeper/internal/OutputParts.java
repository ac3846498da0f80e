package dev.sandkeeper.internal;

import java.io.IOException;

/** What a shell or a command says on its two streams, piece by piece. Used by one thread at a time. */
public interface OutputParts {
    /** What {@link #next} answers. */
    enum Part {
        /** Bytes of standard output. */
        STDOUT,
        /** Bytes of standard error. */
        STDERR,
        /** The deadline passed. */
        NOTHING,
        /** Nothing more will come. */
        END
    }

    /**
     * Waits for bytes. They are in {@link #buffer()} until the next call.
     *
     * @param deadline how long
     * @return what has come
     * @throws IOException if what comes is malformed, cut or lost
     * @throws InterruptedException if the calling thread was interrupted
     */
    Part next(Deadline deadline) throws IOException, InterruptedException;

    /** {@return what holds the bytes} */
    byte[] buffer();

    /** {@return where they start} */
    int start();

    /** {@return how many they are} */
    int length();
}

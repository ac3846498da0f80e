package dev.sandkeeper.benchmarks;

import java.io.IOException;

/** A way to run commands in containers of one image, several of which are open. Safe from many threads. */
interface Peer extends AutoCloseable {
    /** As tables call it. */
    String name();

    /**
     * Runs a command to its end.
     *
     * @param container which one, from 0; any number, which is taken modulo how many there are
     */
    Ran exec(int container, String... arguments) throws Exception;

    @Override
    void close() throws IOException;
}

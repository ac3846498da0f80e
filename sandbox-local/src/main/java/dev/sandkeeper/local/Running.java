package dev.sandkeeper.local;

import java.util.concurrent.Future;

/** What was started in a sandbox and has not ended. */
interface Running {
    /** Ends it in another thread. Never throws. */
    Future<?> endLater();

    /** Lets go of it. Never throws, never blocks. */
    void close();
}

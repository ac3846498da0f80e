package dev.sandkeeper.testkit.internal;

import java.time.Duration;
import java.time.Instant;

/** The time that passes in simulated sandboxes. Safe from many threads. */
public interface MachineTime {
    /**
     * What the sandbox's clock shows.
     *
     * @return the moment
     */
    Instant now();

    /**
     * Runs something later, once.
     *
     * @param delay how much later; zero or less for as soon as possible
     * @param task runs on a thread that others need too: must not block
     * @return cancels it, if it has not run
     */
    Runnable after(Duration delay, Runnable task);
}

package dev.sandkeeper.internal;

import dev.sandkeeper.spi.BackendProcess;
import java.time.Duration;

/**
 * What a backend knows of commands in the background from outside the sandbox, where each has a process namespace of its own,
 * so that scripts inside neither see nor end one another's processes. Its answers are not the sandbox's to falsify.
 */
public interface BackgroundKeeper {
    /**
     * Runs something while nobody else starts a command in this sandbox, in whatever JVM.
     *
     * @param task what to run
     */
    void alone(Runnable task);

    /**
     * Notes a command before anything of it runs, in the place of what was noted under its name.
     *
     * @param name its name
     * @param launcher a process of the sandbox that will leave it behind
     */
    void note(String name, BackendProcess launcher);

    /**
     * Whether anything of a command runs.
     *
     * @param name its name
     * @return false if nothing was noted under that name
     */
    boolean runs(String name);

    /**
     * Ends everything of a command, as {@link dev.sandkeeper.spi.BackendBackground#end}. Does nothing if nothing runs.
     *
     * @param name its name
     * @param grace the time between TERM and KILL
     */
    void end(String name, Duration grace);

    /**
     * Removes the note of a command that does not run.
     *
     * @param name its name
     */
    void forget(String name);
}

package dev.sandkeeper.spi;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Commands of one sandbox that run in the background under a name: they end neither with the connection that started them nor
 * with its JVM, but with the sandbox. What is known of them is kept in the sandbox and read back as hostile input. Safe from
 * many threads and JVMs. Needs {@link Capability#BACKGROUND}.
 *
 * <p>Every call throws {@link dev.sandkeeper.SandboxGoneException} if the sandbox has ended and
 * {@link dev.sandkeeper.BackendUnavailableException} if it did not answer.
 *
 * <p>A backend whose sandboxes have a POSIX shell gets all of this from
 * {@code dev.sandkeeper.internal.ShellBackground}.
 */
public interface BackendBackground {
    /**
     * Starts a command. One of the same name that has ended is replaced, with its log.
     *
     * @param request what to start
     * @throws dev.sandkeeper.SandboxConflictException if one of this name runs, with code {@code background_name_in_use}
     * @throws dev.sandkeeper.CommandNotStartableException if there is no such program, or it cannot be executed
     */
    void start(BackgroundRequest request);

    /**
     * Lists what was started and has not been removed.
     *
     * @return at most 1,000 commands, sorted by name
     */
    List<BackgroundStatus> list();

    /**
     * Looks for one.
     *
     * @param name its name
     * @return its status, or nothing if there is none
     */
    Optional<BackgroundStatus> find(String name);

    /**
     * Reads what one has printed so far.
     *
     * @param name its name
     * @return at most 1 MiB of each stream
     * @throws dev.sandkeeper.SandboxNotFoundException if there is none
     */
    BackgroundLog log(String name);

    /**
     * Ends all processes of one: TERM, and KILL to what is left after the grace. Does nothing if nothing of it runs. Returns
     * when they are gone, at most 10 seconds after the grace.
     *
     * @param name its name
     * @param grace the time between TERM and KILL; zero for KILL at once
     * @throws dev.sandkeeper.SandboxNotFoundException if there is none
     * @throws dev.sandkeeper.SandboxException if it could not be established that they are gone
     */
    void end(String name, Duration grace);

    /**
     * Forgets one that does not run. Does nothing if there is none.
     *
     * @param name its name
     * @throws dev.sandkeeper.SandboxConflictException if it runs, with code {@code background_command_runs}
     */
    void remove(String name);
}

package dev.sandkeeper;

import dev.sandkeeper.spi.BackendBackground;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A command that runs in a sandbox under a name, whether or not the JVM lives that started it: a handle, which
 * {@link Sandbox#startInBackground} answers and {@link Sandbox#backgroundCommand} in any other JVM. Every call asks the
 * sandbox. Safe from many threads; needs no closing.
 */
public final class BackgroundCommand {
    private final Sandbox sandbox;
    private final BackendBackground background;
    private final String name;

    BackgroundCommand(Sandbox sandbox, BackendBackground background, String name) {
        this.sandbox = sandbox;
        this.background = background;
        this.name = name;
    }

    /** {@return the name it was started under} */
    public String name() {
        return name;
    }

    /**
     * Asks how it is.
     *
     * @return its state, and its exit code once it has one
     * @throws SandboxNotFoundException if the sandbox has no such command any more
     * @throws SandboxGoneException if the sandbox has ended
     */
    public BackgroundStatus status() {
        return ask(all -> all.find(name)
                .orElseThrow(() -> new SandboxNotFoundException(
                        Failure.of("background_command_not_found", "there is no background command \"" + name + "\"")
                                .sandbox(sandbox.id())
                                .backend(sandbox.backend())
                                .remedy("See backgroundCommands()"))));
    }

    /**
     * Reads what it has printed so far, running or not.
     *
     * @return both streams, apart
     * @throws SandboxNotFoundException if the sandbox has no such command any more
     * @throws SandboxGoneException if the sandbox has ended
     */
    public BackgroundLog log() {
        return ask(all -> all.log(name));
    }

    /**
     * Ends it: TERM to all its processes, and KILL to what is left after the grace. What it has left behind after its own
     * end is ended, too. Does nothing if there is nothing to end. Its status and log stay.
     *
     * @param grace from zero, which is KILL at once, to 60 seconds
     * @throws SandboxNotFoundException if the sandbox has no such command any more
     * @throws SandboxException if it is not known that its processes are gone
     */
    public void end(Duration grace) {
        if (grace.isNegative() || grace.compareTo(Duration.ofSeconds(60)) > 0) {
            throw new IllegalArgumentException("grace must be from 0 to 60 seconds: " + grace);
        }
        ask(all -> {
            all.end(name, grace);
            return true;
        });
    }

    /**
     * Removes the status and log of a command that does not run. Does nothing if there is none.
     *
     * @throws SandboxConflictException if it runs
     * @throws SandboxGoneException if the sandbox has ended
     */
    public void remove() {
        ask(all -> {
            all.remove(name);
            return true;
        });
    }

    private <T> T ask(Function<BackendBackground, T> question) {
        Supplier<T> call = () -> question.apply(background);
        return sandbox.active(call);
    }

    /** The name. */
    @Override
    public String toString() {
        return "BackgroundCommand[" + name + " in " + sandbox.id() + "]";
    }
}

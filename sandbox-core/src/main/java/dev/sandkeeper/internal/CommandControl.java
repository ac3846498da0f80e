package dev.sandkeeper.internal;

import dev.sandkeeper.SandboxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Signals and ends commands of one sandbox, by a script in a process of its own there. For backends that cannot do that
 * themselves, as those of hosted providers. Safe from many threads.
 */
public final class CommandControl {
    /** Providers cut what takes a minute. */
    private static final Duration SLICE = Duration.ofSeconds(20);

    private static final String SCRIPT =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(CommandControl.class, "control.sh");

    private final Shell shell;
    private final String every;

    /** Runs scripts in the sandbox. */
    public interface Shell {
        /**
         * Runs one to its end.
         *
         * @param what it does, to follow "could not"
         * @param script for {@code sh -c}
         * @param words its arguments
         * @param time how long it may wait in there
         * @param repeatable whether running it twice does what running it once does
         * @return what it printed
         * @throws SandboxException if it is not known to have run
         */
        String run(String what, String script, List<String> words, Duration time, boolean repeatable);

        /**
         * What to throw if it printed something else than it should.
         *
         * @param what it does, to follow "could not"
         * @return the exception
         */
        SandboxException unreadable(String what);
    }

    /**
     * For one sandbox.
     *
     * @param shell runs the script there
     * @param prefix what the tag of every command begins with
     */
    public CommandControl(Shell shell, String prefix) {
        this.shell = shell;
        this.every = target(prefix, 0);
    }

    /**
     * Names a command for the others.
     *
     * @param tag the command's, or the beginning of several commands' tags
     * @param pid its first process's; 0 if it is not known
     * @return the name
     */
    public static String target(String tag, int pid) {
        return tag + ":" + pid;
    }

    /**
     * Signals all processes of a command.
     *
     * @param target the command
     * @param number the signal's
     * @return how many there were
     */
    public int signal(String target, int number) {
        return run("signal a command", "signal", Integer.toString(number), List.of(target), Duration.ZERO, false);
    }

    /**
     * Sends TERM and waits.
     *
     * @param target the command
     * @param grace how long
     * @return how many processes are left
     */
    public int terminate(String target, Duration grace) {
        return slices("term", target, grace);
    }

    /**
     * Sends TERM to all that was ever started here, has those go on that are halted, and waits.
     *
     * @param grace how long
     * @return how many processes are left
     */
    public int terminateAll(Duration grace) {
        return slices("all", every, grace);
    }

    private int slices(String first, String target, Duration time) {
        String operation = first;
        Duration left = time;
        while (true) {
            Duration slice = left.compareTo(SLICE) > 0 ? SLICE : left;
            int count = run("ask commands to end", operation, tenths(slice), List.of(target), slice, true);
            left = left.minus(slice);
            if (count == 0 || left.isZero()) {
                return count;
            }
            operation = "wait";
        }
    }

    /**
     * Kills all processes of commands, and looks whether any is left until none is.
     *
     * @param targets the commands
     * @param time how long
     * @return how many are left
     */
    public int kill(List<String> targets, Duration time) {
        return targets.isEmpty() ? 0 : run("end commands", "kill", tenths(time), targets, time, true);
    }

    /**
     * The same, never repeated: as well as it can be done in a few seconds.
     *
     * @param targets the commands
     * @param time how long
     */
    public void killQuickly(List<String> targets, Duration time) {
        if (!targets.isEmpty()) {
            run("end commands", "kill", tenths(time), targets, time, false);
        }
    }

    private int run(
            String what, String operation, String number, List<String> targets, Duration time, boolean repeatable) {
        List<String> words = new ArrayList<>(List.of(operation, number));
        words.addAll(targets);
        String said = shell.run(what, SCRIPT, words, time, repeatable).strip();
        if (!said.matches("[0-9]{1,9}")) {
            throw shell.unreadable(what);
        }
        return Integer.parseInt(said);
    }

    private static String tenths(Duration time) {
        return Long.toString(time.plusMillis(99).toMillis() / 100);
    }
}

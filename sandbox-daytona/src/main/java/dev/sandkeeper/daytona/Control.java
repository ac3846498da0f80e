package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.internal.ShellScripts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Signals and ends commands of one sandbox, from a process of its own there. Safe from many threads. */
final class Control {
    /** Whatever we have started there. */
    static final String EVERY = "d-:0";

    /** The proxy cuts what takes a minute. */
    private static final Duration SLICE = Duration.ofSeconds(20);

    private static final String SCRIPT =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(Control.class, "control.sh");

    private final Toolbox toolbox;

    Control(Toolbox toolbox) {
        this.toolbox = toolbox;
    }

    /** Names a command for the others. */
    static String target(String tag, int pid) {
        return tag + ":" + pid;
    }

    /** Signals all processes of a command. */
    int signal(String target, int number) {
        return run("signal a command", "signal", Integer.toString(number), List.of(target), Duration.ZERO, false);
    }

    /** Sends TERM and waits. {@return how many are left} */
    int terminate(String target, Duration grace) {
        return slices("term", target, grace);
    }

    /** Sends TERM to all that was ever started here, has those go on that are halted, and waits. */
    int terminateAll(Duration grace) {
        return slices("all", EVERY, grace);
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

    /** Kills all processes of commands. {@return how many are left} */
    int kill(List<String> targets, Duration time) {
        return targets.isEmpty() ? 0 : run("end commands", "kill", tenths(time), targets, time, true);
    }

    /** Kills all processes of commands as well as that can be done in a few seconds; never repeated. */
    void killQuickly(List<String> targets, Duration time) {
        if (!targets.isEmpty()) {
            run("end commands", "kill", tenths(time), targets, time, false);
        }
    }

    private int run(
            String what, String operation, String number, List<String> targets, Duration time, boolean repeatable) {
        List<String> words = new ArrayList<>(List.of(operation, number));
        words.addAll(targets);
        Duration bound = time.plusSeconds(3);
        Wire.Executed done = toolbox.execute(what, SCRIPT, words, bound, repeatable);
        String result = done.result() == null ? "" : done.result().strip();
        if (!result.matches("[0-9]{1,9}")) {
            throw new BackendUnavailableException(toolbox.api()
                    .failure(
                            "control_failed",
                            "could not " + what + " in sandbox " + toolbox.id()
                                    + ": the script there gave a malformed answer and ended with " + done.exit())
                    .remedy("See whether processes are exhausted in the sandbox"));
        }
        return Integer.parseInt(result);
    }

    private static String tenths(Duration time) {
        return Long.toString(time.plusMillis(99).toMillis() / 100);
    }
}

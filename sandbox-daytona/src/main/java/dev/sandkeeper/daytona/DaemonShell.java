package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.CommandControl;
import java.time.Duration;
import java.util.List;

/** Runs scripts of ours by the daemon of one sandbox. */
final class DaemonShell implements CommandControl.Shell {
    private static final Duration SLACK = Duration.ofSeconds(3);

    private final Toolbox toolbox;

    private DaemonShell(Toolbox toolbox) {
        this.toolbox = toolbox;
    }

    /** What signals and ends the commands of a sandbox. */
    static CommandControl control(Toolbox toolbox) {
        return new CommandControl(new DaemonShell(toolbox), CommandFile.TAG_PREFIX);
    }

    @Override
    public String run(String what, String script, List<String> words, Duration time, boolean repeatable) {
        Wire.Executed done = toolbox.execute(what, script, words, time.plus(SLACK), repeatable);
        return done.result() == null ? "" : done.result();
    }

    @Override
    public SandboxException unreadable(String what) {
        return new BackendUnavailableException(toolbox.api()
                .failure(
                        "control_failed",
                        "could not " + what + " in sandbox " + toolbox.id()
                                + ": the script there gave a malformed answer")
                .remedy("See whether processes are exhausted in the sandbox"));
    }
}

package dev.sandkeeper;

import java.time.Duration;
import java.util.OptionalInt;

/** How a command ended and what it printed. An exit code is a result, not an exception. Immutable. */
public final class ExecResult {
    private final String program;
    private final ExitStatus status;
    private final CapturedOutput stdout;
    private final CapturedOutput stderr;
    private final Duration duration;
    private final String channel;

    ExecResult(
            String program,
            ExitStatus status,
            CapturedOutput stdout,
            CapturedOutput stderr,
            Duration duration,
            String channel) {
        this.program = program;
        this.status = status;
        this.stdout = stdout;
        this.stderr = stderr;
        this.duration = duration;
        this.channel = channel;
    }

    /**
     * The exit code.
     *
     * @return from 0 to 255; 128 plus the signal's number where a signal ended it
     */
    public int exitCode() {
        return status.exitCode();
    }

    /**
     * The signal that ended it, by the convention of {@link ExitStatus#signal()}.
     *
     * @return the signal's number, or nothing
     */
    public OptionalInt signal() {
        return status.signal();
    }

    /**
     * Whether its deadline ended it. What it had printed by then is here all the same.
     *
     * @return true if it did not end by itself in time
     */
    public boolean timedOut() {
        return status.timedOut();
    }

    /**
     * Whether it was killed because the sandbox had used up its memory, as far as that is known:
     * {@link ExitStatus#outOfMemory()}.
     *
     * @return true if more memory might have helped
     */
    public boolean outOfMemory() {
        return status.outOfMemory();
    }

    /**
     * What it printed on standard output, as {@link CapturedOutput#text()}.
     *
     * @return the text
     */
    public String stdout() {
        return stdout.text();
    }

    /**
     * What it printed on standard error, as {@link CapturedOutput#text()}.
     *
     * @return the text
     */
    public String stderr() {
        return stderr.text();
    }

    /**
     * What it printed on standard output, byte for byte.
     *
     * @return what was kept of it
     */
    public CapturedOutput stdoutCapture() {
        return stdout;
    }

    /**
     * What it printed on standard error, byte for byte.
     *
     * @return what was kept of it
     */
    public CapturedOutput stderrCapture() {
        return stderr;
    }

    /**
     * Whether something of its output is missing.
     *
     * @return true if one of the streams is truncated
     */
    public boolean truncated() {
        return stdout.truncated() || stderr.truncated();
    }

    /**
     * How long it ran, as seen from this JVM: from the request until its end and all its output had arrived.
     *
     * @return monotonic
     */
    public Duration duration() {
        return duration;
    }

    /**
     * Which of the backend's ways of running a command it took, for who wonders what made it slow.
     *
     * @return a word that the backend documents, such as {@code shell} or {@code exec} on Docker
     */
    public String channel() {
        return channel;
    }

    /**
     * Insists on success.
     *
     * @return this result, if the exit code is 0 and the deadline was met
     * @throws CommandFailedException otherwise; its message has no output, {@link CommandFailedException#result()} has
     */
    public ExecResult orThrow() {
        if (exitCode() == 0 && !timedOut()) {
            return this;
        }
        String how = timedOut()
                ? "was ended at its deadline"
                : outOfMemory() ? "was killed for want of memory" : "exited with " + exitCode();
        String code = timedOut() ? "command_timed_out" : outOfMemory() ? "command_out_of_memory" : "command_failed";
        throw new CommandFailedException(
                this,
                Failure.of(code, "command \"" + program + "\" " + how)
                        .remedy(
                                outOfMemory()
                                        ? "Give the sandbox more memory, or the command less to do at once"
                                        : "Look at result().stderr()"));
    }

    /** Exit code and sizes, not the output. */
    @Override
    public String toString() {
        return "ExecResult[" + program + ", exitCode=" + exitCode() + (timedOut() ? ", timedOut" : "")
                + (outOfMemory() ? ", outOfMemory" : "") + ", stdout="
                + stdout.totalBytes() + " B, stderr=" + stderr.totalBytes() + " B, " + duration.toMillis() + " ms]";
    }
}

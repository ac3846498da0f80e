package dev.sandkeeper.local;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.Signal;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that a {@link LocalShell} runs. */
final class ShellProcess implements BackendProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ShellProcess.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** For a command that is just being started. */
    private static final Duration START = Duration.ofSeconds(2);
    /** For the word of a shell whose command is gone; it comes unless nobody takes the output. */
    private static final Duration TOLD = Duration.ofMillis(300);

    private static final Duration LEFT_BEHIND = Duration.ofMillis(500);
    private static final int KILLED = 128 + Signal.KILL.number();
    /** What a shell exits with that cannot make a process. */
    private static final int SHELL_FAILED = 2;

    private final LocalShell shell;
    private final ShellPool<LocalShell> pool;
    private final ExecOutput output;
    private final ProcessRequest request;
    private final SandboxId sandbox;
    private final Failures failures;
    private final OutputStream stdin = CommandInput.none();
    /** Held while the command is signalled, so that what comes after it by the same shell is not. */
    private final ReentrantLock signals = new ReentrantLock();

    private final AtomicBoolean parted = new AtomicBoolean();
    private volatile boolean mainRuns = true;
    private volatile boolean reused;
    private volatile boolean killed;
    private volatile boolean spoiled;
    private volatile boolean timedOut;
    private volatile boolean closed;
    private volatile @Nullable Future<?> alarm;

    ShellProcess(
            LocalShell shell,
            ShellPool<LocalShell> pool,
            ExecOutput output,
            ProcessRequest request,
            SandboxId sandbox,
            Failures failures) {
        this.shell = shell;
        this.pool = pool;
        this.output = output;
        this.request = request;
        this.sandbox = sandbox;
        this.failures = failures;
    }

    /** What will call {@link #expire} unless the command is known to have ended before. */
    void alarm(Future<?> future) {
        alarm = future;
        if (!mainRuns) {
            future.cancel(false);
        }
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        ExitStatus status;
        try {
            status = run(sink);
        } catch (IOException e) {
            throw failures.unavailable("command_lost", "the output of a command was lost", sandbox, e);
        }
        part();
        String program = request.arguments().get(0);
        String reason = output.notStarted();
        if (reason.isEmpty() && output.refusedBySetsid(program)) {
            reason = Integer.toString(output.exitCode());
        }
        if (!reason.isEmpty()) {
            throw failures.notExecuted(program, request.workingDirectory(), reason, sandbox);
        }
        return status;
    }

    private ExitStatus run(OutputSink sink) throws IOException, InterruptedException {
        boolean open = true;
        while (open && !output.complete() && !closed) {
            open = output.pass(sink, Deadline.never());
        }
        if (closed) {
            throw failures.closed("the connection to the command");
        }
        if (!output.complete()) {
            return ended();
        }
        finished();
        if (output.leftBehind()) {
            // with its end the streams end too, unless somebody holds them
            shell.dismiss();
            Deadline patience = Deadline.in(LEFT_BEHIND);
            while (open && !patience.passed()) {
                open = output.pass(sink, patience);
            }
        }
        output.flush(sink);
        return new ExitStatus(output.exitCode(), timedOut);
    }

    private void finished() {
        mainRuns = false;
        Future<?> pending = alarm;
        if (pending != null) {
            pending.cancel(false);
        }
    }

    /** The shell has ended without its last word: somebody has killed it, or the sandbox is gone. */
    private ExitStatus ended() throws InterruptedException {
        int code = shell.exitCode();
        if (!shell.kill(PATIENCE)) {
            LOG.debug("what a lost shell has left behind does not end");
        }
        finished();
        spoiled = true;
        part();
        if (killed) {
            return new ExitStatus(KILLED, timedOut);
        }
        if (!shell.holderAlive()) {
            // Whether it ended by itself just before cannot be known.
            throw failures.gone(sandbox);
        }
        if (code > 128) {
            return new ExitStatus(code, timedOut);
        }
        throw code == SHELL_FAILED
                ? failures.processLimit(request.arguments().get(0), sandbox)
                : failures.unavailable(
                        "command_lost",
                        "nothing is known of the end of \""
                                + request.arguments().get(0) + "\"",
                        sandbox,
                        null);
    }

    private void part() {
        if (parted.compareAndSet(false, true)) {
            signals.lock();
            try {
                reused = output.complete() && !output.leftBehind() && !spoiled;
                if (reused) {
                    pool.giveBack(shell);
                } else {
                    pool.discard(shell);
                }
            } finally {
                signals.unlock();
            }
        }
    }

    @Override
    public void signal(Signal signal) {
        signals.lock();
        try {
            if (mainRuns) {
                CommandTree.signal(signal, started(), shell.host());
            }
        } catch (InterruptedException e) {
            throw failures.interrupted("sending " + signal, sandbox);
        } catch (IOException e) {
            throw failures.unavailable("signal_failed", "cannot send " + signal + ": " + e.getMessage(), sandbox, e);
        } finally {
            signals.unlock();
        }
    }

    /** Its processes; none if it has ended, or does not begin. */
    private List<ProcessHandle> started() throws InterruptedException {
        Wait wait = new Wait(START);
        List<ProcessHandle> members = shell.members();
        while (members.isEmpty() && mainRuns && wait.pause()) {
            members = shell.members();
        }
        return members;
    }

    @Override
    public void end(Duration grace) {
        boolean interrupted = false;
        signals.lock();
        try {
            if (!reused && !endsBy(grace)) {
                killed = true;
                spoiled = true;
                if (!shell.kill(PATIENCE)) {
                    throw failures.unavailable(
                            "command_not_ended",
                            "\"" + request.arguments().get(0) + "\" still has processes " + PATIENCE.toSeconds()
                                    + " seconds after KILL",
                            sandbox,
                            null);
                }
            }
        } catch (InterruptedException e) {
            interrupted = true;
            killed = true;
            spoiled = true;
        } finally {
            signals.unlock();
        }
        if (interrupted) {
            // Nothing may be left because a caller was in a hurry.
            shell.first().kill();
            throw failures.interrupted("ending a command", sandbox);
        }
    }

    private boolean endsBy(Duration grace) throws InterruptedException {
        if (grace.isZero()) {
            return false;
        }
        started().forEach(ProcessHandle::destroy);
        Wait wait = new Wait(grace);
        while (!shell.members().isEmpty()) {
            if (!wait.pause()) {
                return false;
            }
        }
        Wait word = new Wait(TOLD);
        while (mainRuns) {
            if (!word.pause()) {
                return false;
            }
        }
        return true;
    }

    /** The deadline has passed and nobody has ended it. */
    void expire() {
        signals.lock();
        try {
            if (mainRuns) {
                timedOut = true;
                end(Duration.ZERO);
            }
        } finally {
            signals.unlock();
        }
    }

    @Override
    public String channel() {
        return "shell";
    }

    @Override
    public void close() {
        closed = true;
        if (parted.compareAndSet(false, true)) {
            pool.leave(shell);
        }
    }
}

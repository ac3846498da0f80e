package dev.sandkeeper.local;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One command, in a process namespace of its own whose first process ends it with all that it has started. */
final class LocalProcess implements BackendProcess, Running {
    private static final Logger LOG = LoggerFactory.getLogger(LocalProcess.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int KILLED = 128 + Signal.KILL.number();

    private final Process process;
    private final CommandRecord record;
    private final String program;
    private final String directory;
    private final OutputStream stdin;
    private final OutputPump pump;
    private final SandboxId sandbox;
    private final Host host;
    private final Failures failures;
    private final Consumer<LocalProcess> onEnd;
    private volatile boolean killed;
    private volatile boolean timedOut;
    private volatile @Nullable Future<?> alarm;

    LocalProcess(
            Launcher.Launched launched,
            ProcessRequest request,
            SandboxId sandbox,
            Host host,
            Failures failures,
            Consumer<LocalProcess> onEnd) {
        this.process = launched.process();
        this.record = launched.record();
        this.program = request.arguments().get(0);
        this.directory = request.workingDirectory();
        this.stdin = launched.stdin();
        this.pump = new OutputPump(process);
        this.sandbox = sandbox;
        this.host = host;
        this.failures = failures;
        this.onEnd = onEnd;
    }

    /** What will call {@link #expire} unless the main process ends before. */
    void alarm(Future<?> future) {
        alarm = future;
        if (!process.isAlive()) {
            future.cancel(false);
        }
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        StartErrors errors = new StartErrors(sink);
        boolean complete;
        try {
            complete = pump.run(sink, errors, host.executor());
        } catch (RejectedExecutionException e) {
            throw failures.closed("the backend");
        }
        if (!complete) {
            throw failures.closed("the connection to the command");
        }
        return status(errors);
    }

    private ExitStatus status(StartErrors errors) {
        OptionalInt code = record.exitCode();
        forget();
        if (!killed && code.orElse(KILLED) == KILLED && !record.holderAlive()) {
            // Whether it ended by itself just before cannot be known.
            throw failures.gone(sandbox);
        }
        if (code.isPresent()) {
            errors.release();
            return new ExitStatus(code.getAsInt(), timedOut);
        }
        if (killed) {
            // Before it had begun.
            return new ExitStatus(KILLED, timedOut);
        }
        if (!record.holderAlive()) {
            throw failures.gone(sandbox);
        }
        if (process.exitValue() == KILLED) {
            // The kernel has run out of the sandbox's memory and has chosen our part of the command: the rest must
            // follow.
            end(Duration.ZERO);
            return new ExitStatus(KILLED, timedOut);
        }
        throw failures.notStarted(program, directory, errors.text(), sandbox);
    }

    @Override
    public void signal(Signal signal) {
        try {
            Optional<ProcessIdentity> first = awaitFirst(true);
            if (first.isEmpty()) {
                return;
            }
            CommandTree.signal(signal, CommandTree.members(first.get()), host);
        } catch (InterruptedException e) {
            throw failures.interrupted("sending " + signal, sandbox);
        } catch (IOException e) {
            throw failures.unavailable("signal_failed", "cannot send " + signal + ": " + e.getMessage(), sandbox, e);
        }
    }

    @Override
    public void end(Duration grace) {
        try {
            Optional<ProcessIdentity> found = awaitFirst(!grace.isZero());
            if (found.isPresent()) {
                end(found.get(), grace);
            } else if (process.isAlive()) {
                killed = true;
                process.destroyForcibly();
            }
            awaitMain();
        } catch (InterruptedException e) {
            // Nothing may be left because a caller was in a hurry.
            Future<?> later = endLater();
            LOG.debug("a command is ended in another thread: {}", later);
            throw failures.interrupted("ending a command", sandbox);
        }
    }

    private void end(ProcessIdentity first, Duration grace) throws InterruptedException {
        if (!grace.isZero()) {
            CommandTree.members(first).forEach(ProcessHandle::destroy);
            if (CommandTree.ends(first, grace)) {
                return;
            }
        }
        killed = true;
        first.kill();
        if (!CommandTree.ends(first, PATIENCE)) {
            throw failures.unavailable(
                    "command_not_ended",
                    "\"" + program + "\" still has processes " + PATIENCE.toSeconds() + " seconds after KILL",
                    sandbox,
                    null);
        }
    }

    /** The deadline has passed and nobody has ended it. */
    void expire() {
        if (process.isAlive()) {
            timedOut = true;
            end(Duration.ZERO);
        }
    }

    @Override
    public Future<?> endLater() {
        try {
            return host.executor().submit(() -> end(Duration.ZERO));
        } catch (RejectedExecutionException e) {
            record.first().ifPresentOrElse(ProcessIdentity::kill, process::destroyForcibly);
            return CompletableFuture.completedFuture(null);
        }
    }

    @Override
    public void close() {
        pump.close();
        forget();
        host.closing(stdin);
    }

    private void awaitMain() throws InterruptedException {
        Wait wait = new Wait(PATIENCE);
        while (process.isAlive()) {
            if (!wait.pause()) {
                throw failures.unavailable(
                        "command_not_ended", "the supervisor of \"" + program + "\" does not end", sandbox, null);
            }
        }
    }

    /** While it is being started there is nothing yet to be ended; answers nothing if it has ended and left nothing. */
    private Optional<ProcessIdentity> awaitFirst(boolean withMembers) throws InterruptedException {
        Wait wait = new Wait(PATIENCE);
        while (true) {
            boolean running = process.isAlive();
            Optional<ProcessIdentity> first = record.first();
            if (first.isPresent()
                    && (!withMembers
                            || !running
                            || !CommandTree.members(first.get()).isEmpty())) {
                return first;
            }
            if (!running || !wait.pause()) {
                return record.first();
            }
        }
    }

    /** The first process of its namespace while the main process runs; empty if that has ended before. */
    Optional<ProcessIdentity> first() throws InterruptedException {
        Optional<ProcessIdentity> first = awaitFirst(true);
        if (first.isEmpty() && process.isAlive()) {
            throw failures.unavailable(
                    "command_start_failed", "\"" + program + "\" did not start in time", sandbox, null);
        }
        return first;
    }

    /** The record is of no use once the main process has ended; until then the warden needs it. */
    private void forget() {
        if (process.isAlive()) {
            CompletableFuture<?> later = process.onExit().thenRun(this::forget);
            LOG.trace("{} is removed later: {}", record.file(), later);
            return;
        }
        Future<?> pending = alarm;
        if (pending != null) {
            pending.cancel(false);
        }
        try {
            record.close();
        } catch (IOException e) {
            LOG.debug("cannot remove {}: {}", record.file(), e.toString());
        }
        onEnd.accept(this);
    }
}

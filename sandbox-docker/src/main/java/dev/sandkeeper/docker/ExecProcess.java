package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectExecResponse;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that runs by an exec of its own. */
final class ExecProcess implements BackendProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ExecProcess.class);
    private static final Duration LEFT_BEHIND = Duration.ofMillis(500);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration FORGETS = Duration.ofSeconds(2);
    private static final int KILLED = 137;
    /** From here on the exit code of a shell that was killed itself and could not say its last word. */
    private static final int SIGNALED = 129;

    private final Execs execs;
    private final Guard guard;
    private final Target target;
    private final Execs.Started started;
    private final ExecOutput output;
    private final ProcessRequest request;
    private final OutputStream stdin;
    private final Seat seat;
    /** Held while the command is signalled, so that what comes after it on the same seat is not. */
    private final ReentrantLock signals = new ReentrantLock();

    private final AtomicBoolean parted = new AtomicBoolean();
    private volatile boolean mainRuns = true;
    private volatile boolean reused;
    private volatile boolean killed;
    private volatile boolean spoiled;
    private volatile boolean closed;

    ExecProcess(
            Execs execs,
            Guard guard,
            Target target,
            Execs.Started started,
            ExecOutput output,
            ProcessRequest request,
            Seat seat) {
        this.execs = execs;
        this.guard = guard;
        this.target = target;
        this.started = started;
        this.output = output;
        this.request = request;
        this.seat = seat;
        this.stdin = stdin(request, started.stream());
    }

    private static OutputStream stdin(ProcessRequest request, HijackedStream stream) {
        if (!request.stdin()) {
            return ExecStdin.ended(stream);
        }
        return request.terminal() == null ? new ExecStdin(stream) : ExecStdin.keyboard(stream);
    }

    /** Lets the program run: until now the wrapper has waited for this line. */
    void release() throws IOException, InterruptedException {
        TerminalSize size = request.terminal();
        if (size != null) {
            execs.resize(started.id(), size);
        }
        Deadline deadline = Deadline.in(execs.engine().callTimeout());
        byte[] line = "go\n".getBytes(StandardCharsets.US_ASCII);
        started.stream().write(line, 0, line.length, deadline);
        if (size != null) {
            // what is typed earlier would be for the wrapper
            output.awaitStart(deadline);
        }
        if (!request.stdin()) {
            try (OutputStream end =
                    size == null ? new ExecStdin(started.stream()) : ExecStdin.keyboard(started.stream())) {
                end.flush();
            }
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
            status = ended(e);
        }
        part();
        String reason = output.notStarted();
        if (reason.isEmpty()
                && seat.lasts()
                && output.refusedBySetsid(request.arguments().get(0))) {
            reason = Integer.toString(output.exitCode());
        }
        if (!reason.isEmpty()) {
            throw execs.notStartable(request, reason);
        }
        return status;
    }

    private void part() {
        if (parted.compareAndSet(false, true)) {
            signals.lock();
            try {
                boolean clean = output.complete() && !output.leftBehind() && !spoiled;
                reused = clean && seat.lasts();
                seat.release(clean);
            } finally {
                signals.unlock();
            }
        }
    }

    private ExitStatus run(OutputSink sink) throws IOException, InterruptedException {
        boolean open = true;
        Deadline look = Deadline.in(LOOK);
        while (open && !output.complete()) {
            open = output.pass(sink, look);
            if (look.passed()) {
                guard.check();
                look = Deadline.in(LOOK);
            }
        }
        if (!output.complete()) {
            return ended(null);
        }
        finished();
        Deadline patience = seat.lasts() && !output.leftBehind() ? Deadline.past() : Deadline.in(LEFT_BEHIND);
        while (open && !patience.passed()) {
            try {
                open = output.pass(sink, patience);
            } catch (IOException e) {
                // everything of the main process had come before
                LOG.debug("the stream of a command that has ended was cut", e);
                open = false;
            }
        }
        output.flush(sink);
        if (!seat.lasts()) {
            // should it have been killed, the wrapper waits for the next one
            guard.check();
        }
        return new ExitStatus(output.exitCode(), output.timedOut());
    }

    /** The stream ended without the wrapper's last word: it was killed, or the sandbox or the connection is gone. */
    private ExitStatus ended(@Nullable IOException cut) throws InterruptedException {
        if (closed) {
            throw execs.engine().faults().unavailable("process_closed", "the process was closed while it ran", cut);
        }
        if (output.notStarted().equals(Execs.NO_PROCESS)) {
            finished();
            part();
            throw execs.notStartable(request, Execs.NO_PROCESS);
        }
        if (seat.lasts() && !killed && cut == null) {
            endRest();
        }
        Deadline deadline = Deadline.in(FORGETS);
        while (true) {
            Optional<InspectExecResponse> exec = execs.inspect(started.id());
            boolean running = exec.isPresent() && Boolean.TRUE.equals(exec.get().isRunning());
            Long code = exec.isPresent() ? exec.get().getExitCodeLong() : null;
            if (cut == null && !running && code != null && !(code == KILLED && sandboxEnded())) {
                finished();
                if (code < SIGNALED) {
                    throw execs.engine()
                            .faults()
                            .unavailable(
                                    "output_cut",
                                    "the command exited with " + code + " and the engine threw the end of its output"
                                            + " away, as it does 2 seconds after the exit if nobody has taken it",
                                    null);
                }
                return new ExitStatus((int) (code & 0xff), output.timedOut());
            }
            if (execs.isGone()) {
                throw execs.engine().faults().gone(execs.ref(), "it ended under a command");
            }
            if (cut != null || exec.isEmpty() || deadline.passed()) {
                throw execs.engine()
                        .faults()
                        .unavailable(
                                "connection_lost",
                                "the connection to a command in container " + execs.ref()
                                        + " was lost, so that nothing is known of its end",
                                cut);
            }
            // the engine ends the stream a moment before it knows the code
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** The shell was killed, by the command or another one: nothing of it must go on without being seen. */
    private void endRest() {
        try {
            guard.kill(target, false, false);
        } catch (SandboxException e) {
            LOG.debug("could not end the rest of a command", e);
        }
    }

    /** The end of the sandbox kills its commands before the engine knows of it. */
    private boolean sandboxEnded() throws InterruptedException {
        Deadline deadline = Deadline.in(killed ? Duration.ZERO : FORGETS);
        while (!execs.isGone()) {
            if (deadline.passed()) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return true;
    }

    private void finished() {
        mainRuns = false;
        seat.mainEnded();
    }

    /** Whether the first process of the target is still there. */
    private boolean firstLives() {
        return mainRuns || seat.lasts();
    }

    @Override
    public void signal(Signal signal) {
        signals.lock();
        try {
            if (mainRuns) {
                killed |= signal == Signal.KILL;
                spoiled |= signal == Signal.KILL;
                guard.signal(target, signal.number(), true);
            }
        } finally {
            signals.unlock();
        }
    }

    @Override
    public void end(Duration grace) {
        signals.lock();
        try {
            if (!reused) {
                killed = true;
                BooleanSupplier told = seat.lasts() ? () -> !mainRuns : null;
                spoiled = true;
                spoiled = !new Ending(execs, guard, target, this::firstLives, told).end(grace);
            }
        } finally {
            signals.unlock();
        }
    }

    @Override
    public void resize(TerminalSize size) {
        if (request.terminal() == null) {
            BackendProcess.super.resize(size);
        } else if (mainRuns) {
            execs.resize(started.id(), size);
        }
    }

    @Override
    public String channel() {
        return seat.channel();
    }

    @Override
    public void close() {
        closed = true;
        if (parted.compareAndSet(false, true)) {
            seat.leave();
        }
    }
}

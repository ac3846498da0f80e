package dev.sandkeeper;

import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One command from its start to its end: feeds it, watches its deadline, ends it when its caller goes away. */
final class CommandRun {
    private static final Logger LOG = LoggerFactory.getLogger(CommandRun.class);
    /** What {@link BackendProcess#end} may take beyond the grace, with a reserve for a busy host. */
    private static final Duration END_BOUND = Duration.ofSeconds(10);

    private static final int KILLED = 128 + Signal.KILL.number();

    private final BackendProcess process;
    private final Command command;
    private final ScheduledExecutorService timer;
    private final Executor workers;
    /** Decides the race between the command's own end and its deadline. */
    private final AtomicBoolean decided = new AtomicBoolean();

    private final Caller caller;
    private volatile boolean abandoned;
    private volatile boolean timedOut;
    private volatile boolean unconfirmed;

    /** Who has started it: the handle of a sandbox. */
    interface Caller {
        /** Whether memory was why it was killed; asked once, if it was killed by nobody here. */
        boolean killedForMemory();

        /** Throws if the connection was given up: how a command ends then says nothing of the command. */
        void requireOpen();

        /** What is told of a fault that came while it ran. */
        SandboxException explained(SandboxException fault);
    }

    /** One that has been started. */
    CommandRun(
            BackendProcess process, Command command, ScheduledExecutorService timer, Executor workers, Caller caller) {
        this.caller = caller;
        this.process = process;
        this.command = command;
        this.timer = timer;
        this.workers = workers;
    }

    /** Writes what the command's builder was given, and then leaves the stream open or closes it. */
    void feed(byte[] bytes, boolean close) {
        if (bytes.length <= BackendSandbox.SMALL_INPUT) {
            write(bytes, close);
        } else {
            workers.execute(() -> write(bytes, close));
        }
    }

    private void write(byte[] bytes, boolean close) {
        OutputStream stdin = process.stdin();
        try {
            stdin.write(bytes);
            stdin.flush();
        } catch (IOException e) {
            LOG.debug("the command did not read all of its input: {}", e.getMessage());
        }
        if (close) {
            try {
                stdin.close();
            } catch (IOException e) {
                LOG.debug("could not close the command's input: {}", e.getMessage());
            }
        }
    }

    /** Hands out all output and waits for the end, its own or the one at the deadline. */
    ExitStatus pump(OutputSink sink) throws InterruptedException {
        Future<?> alarm = arm();
        ExitStatus status;
        try {
            status = process.pump(sink);
            decided.set(true);
        } catch (SandboxException e) {
            decided.set(true);
            throw caller.explained(unconfirmed ? unconfirmed(e) : e);
        } finally {
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
        caller.requireOpen();
        if (timedOut) {
            return new ExitStatus(status.exitCode(), true);
        }
        return status.exitCode() == KILLED && !abandoned && !status.timedOut() && caller.killedForMemory()
                ? new ExitStatus(KILLED, false, true)
                : status;
    }

    private SandboxTimeoutException unconfirmed(SandboxException e) {
        return new SandboxTimeoutException(Failure.of(
                        "command_end_unconfirmed",
                        "the command was to be ended at its deadline of "
                                + command.deadline().orElse(null) + ", and whether it has ended is not known")
                .remedy("It ends by the deadline that is armed inside the sandbox; destroy the sandbox to be sure")
                .cause(e));
    }

    private @Nullable Future<?> arm() {
        Duration deadline = command.deadline().orElse(null);
        if (deadline == null) {
            return null;
        }
        return timer.schedule(() -> onWorker(this::deadlineReached), deadline.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void deadlineReached() {
        if (!decided.compareAndSet(false, true)) {
            return;
        }
        timedOut = true;
        // Whatever ending it comes to, nobody waits for longer than this.
        Future<?> giveUp = timer.schedule(
                () -> {
                    unconfirmed = true;
                    process.close();
                },
                command.grace().plus(END_BOUND).toNanos(),
                TimeUnit.NANOSECONDS);
        try {
            process.end(command.grace());
            // pump returns by itself now; the closing of the connection above stays armed in case it does not.
        } catch (SandboxException e) {
            LOG.warn("could not end a command at its deadline: {}", e.getMessage());
            giveUp.cancel(false);
            unconfirmed = true;
            process.close();
        }
    }

    /** Somebody here kills it. */
    void killed() {
        abandoned = true;
    }

    /** Ends the process tree because its caller has gone away, also one that was interrupted; never throws. */
    void abandon(Duration grace) {
        killed();
        decided.set(true);
        boolean interrupted = Thread.interrupted();
        try {
            process.end(grace);
        } catch (SandboxException e) {
            LOG.warn("could not end a command whose caller has gone: {}", e.getMessage());
        } finally {
            process.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void onWorker(Runnable task) {
        try {
            workers.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("the manager is closed; the deadline inside the sandbox holds");
        }
    }
}

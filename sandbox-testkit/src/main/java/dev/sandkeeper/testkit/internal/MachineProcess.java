package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One command and all the processes that come from it, whatever session they have gone to. */
final class MachineProcess implements BackendProcess {
    private static final Duration DEADLINE_GRACE = Duration.ofSeconds(1);
    private static final long LEFT_BEHIND_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long KILL_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Machine machine;
    private final Object monitor = new Object();
    private final Pipe in = new Pipe(new Object());
    private final Pipe out = new Pipe(monitor);
    private final Pipe err = new Pipe(monitor);
    private final @Nullable Terminal terminal;
    private final OutputStream stdin;
    private Runnable disarm = () -> {};
    private boolean ended;
    private boolean timedOut;
    private boolean closed;
    private boolean lost;
    private int status;
    private long endSeenAt;

    private MachineProcess(Machine machine, @Nullable TerminalSize size) {
        this.machine = machine;
        terminal = size == null ? null : new Terminal(size, out, () -> signal(2));
        stdin = terminal == null ? new PipeInput(in) : terminal.keyboard();
        in.addWriter(1);
        out.addReader(1);
        err.addReader(1);
    }

    static MachineProcess start(Machine machine, ProcessRequest request, int uid, Map<String, String> environment) {
        MachineProcess command = new MachineProcess(machine, request.terminal());
        Proc main = machine.newProc(command, uid, environment, request.workingDirectory());
        if (command.terminal != null) {
            for (int descriptor = 0; descriptor < 3; descriptor++) {
                main.descriptors.put(descriptor, command.terminal.hold());
            }
        } else {
            main.descriptors.put(0, OpenFile.reader(command.in).hold());
            main.descriptors.put(1, OpenFile.writer(command.out).hold());
            main.descriptors.put(2, OpenFile.writer(command.err).hold());
        }
        // before it counts as running: whoever sees it may move the clock on
        command.arm(request.deadline());
        Proc.Program program;
        try {
            program = Programs.resolve(main, request.arguments());
        } catch (RuntimeException e) {
            command.finish(126);
            main.end(126);
            throw e;
        }
        if (!request.stdin()) {
            command.closeStdin();
        }
        main.start(program, command::finish);
        return command;
    }

    private void arm(@Nullable Duration deadline) {
        if (deadline != null) {
            Runnable cancel = machine.time().after(deadline, this::expire);
            synchronized (monitor) {
                disarm = cancel;
            }
        }
    }

    private void expire() {
        synchronized (monitor) {
            if (ended) {
                return;
            }
            timedOut = true;
            disarm = machine.time().after(DEADLINE_GRACE, () -> signal(Signal.KILL));
        }
        signal(Signal.TERM);
    }

    private void closeStdin() {
        try {
            stdin.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // neither kind does
        }
    }

    private void finish(int code) {
        if (terminal != null) {
            terminal.hangUp();
        }
        synchronized (monitor) {
            ended = true;
            status = code;
            lost = machine.hasEnded();
            if (!timedOut) {
                disarm.run();
            }
            monitor.notifyAll();
        }
    }

    boolean isRunning() {
        synchronized (monitor) {
            return !ended;
        }
    }

    boolean isOver() {
        synchronized (monitor) {
            return ended && closed;
        }
    }

    void machineEnded() {
        synchronized (monitor) {
            lost = lost || !ended;
            monitor.notifyAll();
        }
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        Output output = new Output(sink);
        try {
            while (!awaitOutput()) {
                output.drain(out, err);
            }
            output.drainAll(out, err);
            synchronized (monitor) {
                return new ExitStatus(status, timedOut);
            }
        } finally {
            out.discard();
            err.discard();
        }
    }

    /** Waits until there is something to hand over; true when the last of it is in the pipes. */
    private boolean awaitOutput() throws InterruptedException {
        synchronized (monitor) {
            while (true) {
                if (closed) {
                    throw new BackendUnavailableException(
                            Failure.of("connection_closed", "the connection was closed before the command's end"));
                }
                if (ended && endSeenAt == 0) {
                    endSeenAt = System.nanoTime() | 1;
                }
                if (lost) {
                    break;
                }
                if (ended && ((out.ended() && err.ended()) || leftFor(endSeenAt) <= 0)) {
                    return true;
                }
                if (out.readable() || err.readable()) {
                    return false;
                }
                monitor.wait(ended ? Math.max(1, leftFor(endSeenAt) / 1_000_000) : 0);
            }
        }
        throw machine.goneException("wait for a command");
    }

    private static long leftFor(long endedAt) {
        return LEFT_BEHIND_NANOS - (System.nanoTime() - endedAt);
    }

    @Override
    public void signal(Signal signal) {
        signal(signal.number());
    }

    private void signal(int number) {
        machine.processesOf(this).forEach(proc -> proc.signal(number));
    }

    @Override
    public void resize(TerminalSize size) {
        if (terminal == null) {
            BackendProcess.super.resize(size);
        } else if (isRunning()) {
            terminal.resize(size);
            signal(Proc.WINCH);
        }
    }

    @Override
    public void end(Duration grace) {
        try {
            if (!grace.isZero()) {
                signal(Signal.TERM);
                signal(Signal.CONT);
                if (machine.awaitEnd(this, grace.toNanos())) {
                    return;
                }
            }
            long start = System.nanoTime();
            do {
                signal(Signal.KILL);
                if (machine.awaitEnd(this, TimeUnit.MILLISECONDS.toNanos(50))) {
                    return;
                }
            } while (System.nanoTime() - start < KILL_NANOS);
        } catch (InterruptedException e) {
            signal(Signal.KILL);
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(Failure.of("interrupted", "interrupted while a command was ended")
                    .cause(e));
        }
        throw new BackendUnavailableException(
                Failure.of("command_survives", "processes of the command are still there after KILL"));
    }

    @Override
    public void close() {
        if (terminal == null) {
            closeStdin();
        } else {
            terminal.hangUp();
        }
        synchronized (monitor) {
            closed = true;
            monitor.notifyAll();
        }
        out.discard();
        err.discard();
    }

    /** Hands over what the pipes hold, outside their monitor, until a stream is not wanted any more. */
    private static final class Output {
        private final OutputSink sink;
        private final byte[] buffer = new byte[16 << 10];
        private boolean wantsOut = true;
        private boolean wantsErr = true;

        Output(OutputSink sink) {
            this.sink = sink;
        }

        /** What was in the pipes when the main process ended is all of its output that is missing. */
        void drainAll(Pipe out, Pipe err) {
            for (int i = 0; i <= Pipe.CAPACITY / buffer.length; i++) {
                drain(out, err);
            }
        }

        void drain(Pipe out, Pipe err) {
            int n = out.poll(buffer);
            if (n > 0 && wantsOut) {
                wantsOut = accepts(n, true);
            }
            n = err.poll(buffer);
            if (n > 0 && wantsErr) {
                wantsErr = accepts(n, false);
            }
        }

        private boolean accepts(int count, boolean stdout) {
            try {
                if (stdout) {
                    sink.stdout(buffer, 0, count);
                } else {
                    sink.stderr(buffer, 0, count);
                }
                return true;
            } catch (IOException e) {
                return false; // the contract of OutputSink: nobody wants it any more
            }
        }
    }
}

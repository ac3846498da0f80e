package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.internal.CommandControl;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.NotStarted;
import dev.sandkeeper.internal.OutputParts;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that runs under command.sh. */
final class E2bProcess implements BackendProcess {
    private static final Logger LOG = LoggerFactory.getLogger(E2bProcess.class);
    private static final Duration LEFT_BEHIND = Duration.ofMillis(500);
    private static final Duration RECOVERY = Duration.ofSeconds(30);
    private static final Duration LAST_WORD = Duration.ofSeconds(1);
    private static final Duration KILLING = Duration.ofSeconds(3);

    private final Envd envd;
    private final CommandControl control;
    private final String target;
    private final ProcessRequest request;
    private final Runnable gone;
    private final ProcessInput stdin;
    private final Followed parts = new Followed();
    private final ExecOutput output;
    private final int pid;
    private volatile ProcessStream stream;
    private volatile boolean mainRuns = true;
    private volatile boolean closed;
    /** Whether output may have been thrown away because nobody was there to take it. */
    private boolean lacks;

    /**
     * One that has been started.
     *
     * @param gone told when nothing of it has to be ended with the connection
     */
    E2bProcess(
            Envd envd,
            CommandControl control,
            String tag,
            ProcessRequest request,
            ProcessStream stream,
            Runnable gone) {
        this.envd = envd;
        this.control = control;
        this.target = CommandControl.target(tag, 0);
        this.request = request;
        this.stream = stream;
        this.gone = gone;
        this.pid = stream.pid();
        this.output = new ExecOutput(parts, tag, request.terminal() != null);
        this.stdin = new ProcessInput(envd, pid, request.terminal() != null, !request.stdin());
    }

    /** The stream of now, whichever connection it comes by. */
    private final class Followed implements OutputParts {
        @Override
        public Part next(Deadline deadline) throws IOException {
            return stream.next(deadline);
        }

        @Override
        public byte[] buffer() {
            return stream.buffer();
        }

        @Override
        public int start() {
            return stream.start();
        }

        @Override
        public int length() {
            return stream.length();
        }
    }

    /** What is typed earlier would be for the wrapper. */
    void awaitTerminal() {
        if (request.terminal() == null) {
            return;
        }
        try {
            Runnable off = envd.client().after(RECOVERY, stream::close);
            try {
                output.awaitStart(Deadline.never());
            } finally {
                off.run();
            }
            if (!request.stdin()) {
                try (OutputStream end = new ProcessInput(envd, pid, true, false)) {
                    end.flush();
                }
            }
        } catch (IOException e) {
            if (output.notStarted().isEmpty()) {
                throw stream.lost(e);
            }
        } catch (InterruptedException e) {
            throw envd.client().interrupted("start a command", e);
        }
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        try {
            ExitStatus status = followed(sink);
            mainRuns = false;
            gone.run();
            String reason = output.notStarted();
            if (reason.isEmpty()
                    && request.terminal() == null
                    && output.refusedBySetsid(request.arguments().get(0))) {
                reason = Integer.toString(output.exitCode());
            }
            if (!reason.isEmpty()) {
                throw NotStarted.exception(reason, request, "template", envd.client()::failure);
            }
            return status;
        } catch (SandboxInterruptedException e) {
            Thread.interrupted();
            throw (InterruptedException) new InterruptedException("interrupted while following a command").initCause(e);
        } catch (SandboxGoneException e) {
            mainRuns = false;
            gone.run();
            throw e;
        } finally {
            stdin.end();
            stream.close();
        }
    }

    private ExitStatus followed(OutputSink sink) throws InterruptedException {
        while (true) {
            try {
                return run(sink);
            } catch (IOException e) {
                if (closed) {
                    throw new BackendUnavailableException(envd.client()
                            .failure("process_closed", "the process was closed while it ran")
                            .cause(e));
                }
                if (Thread.interrupted()) {
                    throw (InterruptedException)
                            new InterruptedException("interrupted while following a command").initCause(e);
                }
                stream.close();
                stream = again(e);
            }
        }
    }

    private ExitStatus run(OutputSink sink) throws IOException, InterruptedException {
        boolean open = true;
        while (open && !output.complete()) {
            open = output.pass(sink, Deadline.never());
        }
        ProcessStream.End end = stream.end();
        if (output.complete()) {
            mainRuns = false;
            awaitLeftBehind(sink, open);
            return checked(new ExitStatus(output.exitCode(), output.timedOut()));
        }
        if (end == null) {
            throw new IOException("the stream of a command ended without the command's end");
        }
        return checked(new ExitStatus(end.code(), output.timedOut()));
    }

    /** What the main process has left behind may print for half a second more. */
    private void awaitLeftBehind(OutputSink sink, boolean wasOpen) throws IOException, InterruptedException {
        Runnable off = envd.client().after(LEFT_BEHIND, stream::close);
        boolean open = wasOpen;
        try {
            while (open) {
                open = output.pass(sink, Deadline.never());
            }
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw (InterruptedException)
                        new InterruptedException("interrupted while following a command").initCause(e);
            }
            // everything of the main process had come before
            LOG.debug("the stream of a command that has ended was cut", e);
        } finally {
            off.run();
        }
        output.flush(sink);
    }

    /** The shell around the command could not say its last word, or nobody was there to hear it. */
    private ExitStatus checked(ExitStatus status) {
        if (lacks) {
            throw new BackendUnavailableException(envd.client()
                    .failure(
                            "output_cut",
                            "the command exited with " + status.exitCode()
                                    + ", but the connection was lost meanwhile, and the daemon throws output away while"
                                    + " nobody takes it"));
        }
        return status;
    }

    /** Finds the process again after its stream was lost. */
    private ProcessStream again(IOException cut) throws InterruptedException {
        if (cut instanceof ProcessStream.RefusedException refused) {
            throw refused.shown();
        }
        LOG.debug("the stream of a command in sandbox {} was lost", envd.ref(), cut);
        boolean paused = false;
        Deadline patience = Deadline.in(RECOVERY);
        for (long wait = 50; ; wait = Math.min(2 * wait, 1000)) {
            switch (envd.state()) {
                case GONE -> throw envd.gone(cut);
                case PAUSED -> {
                    paused = true;
                    patience = Deadline.in(RECOVERY);
                }
                case PRESENT, UNKNOWN -> {
                    ProcessStream found = found(patience, cut);
                    if (found != null) {
                        lacks |= !paused;
                        return found;
                    }
                }
            }
            if (closed) {
                throw lost(cut);
            }
            TimeUnit.MILLISECONDS.sleep(wait);
        }
    }

    private @Nullable ProcessStream found(Deadline patience, IOException cut) {
        try {
            return envd.connect(pid);
        } catch (SandboxNotFoundException e) {
            throw lost(cut);
        } catch (BackendUnavailableException | BackendRejectedException e) {
            if (patience.passed()) {
                throw lost(cut);
            }
            return null;
        }
    }

    private BackendUnavailableException lost(IOException cut) {
        return new BackendUnavailableException(envd.client()
                .failure(
                        "connection_lost",
                        "the connection to a command in sandbox " + envd.ref()
                                + " was lost, so that nothing is known of its end")
                .cause(cut));
    }

    @Override
    public void signal(Signal signal) {
        if (mainRuns) {
            control.signal(target, signal.number());
        }
    }

    @Override
    public void end(Duration grace) {
        try {
            if ((grace.isZero() || control.terminate(target, grace) > 0)
                    && control.kill(List.of(target), KILLING) > 0) {
                throw new BackendUnavailableException(envd.client()
                        .failure("command_not_ended", "a command in sandbox " + envd.ref() + " does not end")
                        .remedy("Destroy the sandbox"));
            }
            gone.run();
            ProcessStream heard = stream;
            envd.client().after(LAST_WORD, () -> {
                if (mainRuns) {
                    heard.close(); // its last word may have been lost: the daemon is asked again
                }
            });
        } catch (SandboxGoneException e) {
            // with the sandbox the command is gone
            LOG.debug("sandbox {} is gone", envd.ref(), e);
        } catch (SandboxNotFoundException e) {
            throw new BackendUnavailableException(envd.client()
                    .failure("command_not_ended", "a command in sandbox " + envd.ref() + " could not be ended")
                    .cause(e));
        }
    }

    @Override
    public void resize(TerminalSize size) {
        if (request.terminal() == null) {
            BackendProcess.super.resize(size);
        } else if (mainRuns) {
            envd.resize(pid, size);
        }
    }

    @Override
    public void close() {
        closed = true;
        stdin.end();
        stream.close();
    }
}

package dev.sandkeeper;

import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A command that runs while you watch, modelled on {@link Process}. Safe from many threads; each stream is for one reader.
 *
 * <p>Output waits for its reader: at most 64 KiB of each stream are held here, then the program in the sandbox waits. Read
 * both streams, or close the one that is not wanted; what a closed stream would have got is thrown away.
 */
public final class SandboxProcess implements AutoCloseable {
    private static final int BUFFER = 64 * 1024;

    private final BackendProcess process;
    private final CommandRun run;
    private final boolean terminal;
    private final Consumer<@Nullable ExitStatus> whenEnded;
    private final ProcessOutput stdout = new ProcessOutput(BUFFER);
    private final ProcessOutput stderr = new ProcessOutput(BUFFER);
    private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();

    /**
     * One that has been started.
     *
     * @param whenEnded told once how it ended, null if that is not known
     */
    SandboxProcess(BackendProcess process, CommandRun run, boolean terminal, Consumer<@Nullable ExitStatus> whenEnded) {
        this.process = process;
        this.run = run;
        this.terminal = terminal;
        this.whenEnded = whenEnded;
        if (terminal) {
            stderr.finish(null);
        }
    }

    void begin(Executor workers) {
        workers.execute(this::pump);
    }

    private void pump() {
        try {
            ExitStatus status = run.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) throws IOException {
                    stdout.write(buffer, offset, length);
                }

                @Override
                public void stderr(byte[] buffer, int offset, int length) throws IOException {
                    stderr.write(buffer, offset, length);
                }
            });
            endStreams(null, status);
            exit.complete(status);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            // only the manager's end interrupts its workers
            fail(SandboxManager.closedManager(e));
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    private void fail(RuntimeException e) {
        endStreams(new IOException("the output is not complete: " + e.getMessage(), e), null);
        exit.completeExceptionally(e);
    }

    private void endStreams(@Nullable IOException failure, @Nullable ExitStatus status) {
        stdout.finish(failure);
        stderr.finish(failure);
        process.close();
        whenEnded.accept(status);
    }

    /**
     * What the command reads. Closing it is an end of file to the command and leaves its output alone. Writing waits while
     * the command does not read, and throws {@link IOException} once it cannot. With a terminal it is the keyboard, and closing
     * it types Ctrl-D: {@link Command.Builder#terminal(TerminalSize)}.
     *
     * @return always the same stream
     */
    public OutputStream stdin() {
        return process.stdin();
    }

    /**
     * What the command prints on standard output, byte for byte. Ends when the command does; throws {@link IOException}
     * where something is missing, rather than ending early.
     *
     * @return always the same stream
     */
    public InputStream stdout() {
        return stdout;
    }

    /**
     * What the command prints on standard error, as {@link #stdout()}; with a terminal that has it all, and this has ended.
     *
     * @return always the same stream
     */
    public InputStream stderr() {
        return stderr;
    }

    /**
     * Tells of the end, once all output has been received.
     *
     * @return completes with how the main process ended, or exceptionally with a {@link SandboxException} where that is not
     *     known or the command did not start; cancelling it changes nothing in the sandbox. A copy each time
     */
    public CompletableFuture<ExitStatus> onExit() {
        return exit.copy();
    }

    /**
     * Waits for the end. Somebody must read the output meanwhile, or the command may never end.
     *
     * @return how the main process ended
     * @throws SandboxInterruptedException if the calling thread was interrupted; the command has been ended then
     * @throws SandboxException where the end is not known, or the command did not start
     */
    public ExitStatus waitFor() {
        try {
            return exit.get();
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (ExecutionException e) {
            throw unwrapped(e);
        }
    }

    /**
     * Waits for the end, as {@link #waitFor()}, but not for longer than a time. The command goes on if the time is over.
     *
     * @param time the longest to wait
     * @return whether the command has ended
     * @throws SandboxInterruptedException if the calling thread was interrupted; the command has been ended then
     * @throws SandboxException where the end is not known, or the command did not start
     */
    public boolean waitFor(Duration time) {
        try {
            exit.get(time.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (ExecutionException e) {
            throw unwrapped(e);
        }
    }

    private SandboxInterruptedException interrupted(InterruptedException e) {
        run.abandon(Duration.ZERO);
        Thread.currentThread().interrupt();
        return new SandboxInterruptedException(
                Failure.of("interrupted", "interrupted while waiting for a command; it has been ended")
                        .cause(e));
    }

    private static RuntimeException unwrapped(ExecutionException e) {
        if (e.getCause() instanceof SandboxException known) {
            return known;
        }
        return new IllegalStateException("a command's output could not be received", e.getCause());
    }

    /**
     * Whether it runs, as far as is known here.
     *
     * @return false once {@link #onExit()} is complete
     */
    public boolean isAlive() {
        return !exit.isDone();
    }

    /**
     * Sends a signal to all processes of the command. Does nothing if it has ended.
     *
     * @param signal which one
     * @throws SandboxException if the sandbox could not be reached
     */
    public void signal(Signal signal) {
        if (isAlive()) {
            if (signal == Signal.KILL) {
                run.killed();
            }
            process.signal(signal);
        }
    }

    /**
     * Tells the command that its terminal has another size now. Does nothing if it has ended.
     *
     * @param size the new size
     * @throws IllegalStateException if the command was started without a terminal
     * @throws SandboxException if the sandbox could not be reached
     */
    public void resize(TerminalSize size) {
        Objects.requireNonNull(size, "size");
        if (!terminal) {
            throw new IllegalStateException("the command was started without a terminal, so that it has no size."
                    + " Ask for one by Command.Builder.terminal(columns, rows)");
        }
        if (isAlive()) {
            process.resize(size);
        }
    }

    /**
     * Ends the command if it runs: TERM to all its processes, and KILL to what is left after the grace. Returns when they
     * are gone.
     *
     * @param grace from zero, which is KILL at once
     * @throws SandboxException if it is not known that they are gone
     */
    public void end(Duration grace) {
        if (isAlive()) {
            run.killed();
            process.end(grace);
        }
    }

    /** Ends the command at once if it runs, and lets go of its streams. Idempotent; never throws. */
    @Override
    public void close() {
        stdout.close();
        stderr.close();
        if (isAlive()) {
            run.abandon(Duration.ZERO);
        }
    }
}

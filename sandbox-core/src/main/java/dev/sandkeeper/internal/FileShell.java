package dev.sandkeeper.internal;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a {@link FileScript} in a sandbox: on the calling thread alone where question and answer are small, else with the
 * executor's help, one task for each direction.
 */
final class FileShell {
    private static final Logger LOG = LoggerFactory.getLogger(FileShell.class);

    static final int BUFFER = 64 * 1024;
    /** TERM first, so that a script removes its temporary file, also on a busy machine: nobody waits longer than it takes. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private static final Duration LATER = Duration.ofSeconds(1);

    /** What a shell adds to the number of the signal that has ended a program. */
    private static final int SIGNALLED = 128;

    private static final Map<String, String> ENVIRONMENT =
            Map.of("LC_ALL", "C", "TAR_OPTIONS", "", "SANDKEEPER_INPUT", "cat");

    private final ShellFiles.Scripts scripts;
    private final String backend;
    private final Executor executor;
    private final Duration idle;

    FileShell(ShellFiles.Scripts scripts, String backend, Executor executor, Duration idle) {
        this.scripts = scripts;
        this.backend = backend;
        this.executor = executor;
        this.idle = idle;
    }

    /**
     * Runs a script to its end.
     *
     * @param stdin small enough to fit a pipe; null for none
     * @param deadline when the script is ended
     * @param most the most bytes of its answer
     * @param afterEnding is run after the script was ended, so that it may not have tidied up; for a caller that was
     *     interrupted by the executor, a little later; must not throw
     * @return its answer
     */
    byte[] run(
            FileScript script,
            List<String> arguments,
            byte @Nullable [] stdin,
            Duration deadline,
            int most,
            FileFailures failures,
            Runnable afterEnding) {
        Collected output = new Collected(most);
        ExitStatus status;
        ProcessRequest request = request(script, arguments, false, deadline);
        try (BackendProcess process = start(request, stdin, afterEnding)) {
            try {
                status = process.pump(output);
            } catch (InterruptedException e) {
                SandboxException fault = interrupted(process, e, failures);
                later(afterEnding);
                throw fault;
            }
        }
        if (output.overflowed()) {
            throw failures.malformed("more than " + most + " bytes");
        }
        check(status, output, failures, afterEnding);
        return output.stdout();
    }

    private static void check(ExitStatus status, Collected output, FileFailures failures, Runnable afterEnding) {
        if (status.timedOut() || status.exitCode() > SIGNALLED) {
            afterEnding.run();
        }
        if (status.exitCode() != 0 || status.timedOut()) {
            throw failures.of(status, output.stderr());
        }
    }

    /**
     * Runs a script that takes content from its standard input: what has been read already, the rest, a trailer.
     *
     * @param afterEnding as above
     */
    void feed(
            FileScript script,
            List<String> arguments,
            byte[] first,
            InputStream rest,
            byte[] trailer,
            FileFailures failures,
            Runnable afterEnding) {
        BytePipe pipe = new BytePipe(BUFFER);
        Collected output = new Collected(0);
        try (BackendProcess process = start(request(script, arguments, true, null), null, afterEnding)) {
            CompletableFuture<ExitStatus> end = new CompletableFuture<>();
            try {
                execute(() -> pump(process, output, end, pipe::abandon));
                execute(() -> drain(pipe, process.stdin()));
                copy(first, rest, trailer, pipe, failures);
                ExitStatus status = end.get(idle.toNanos(), TimeUnit.NANOSECONDS);
                check(status, output, failures, afterEnding);
            } catch (InterruptedException e) {
                SandboxException fault = interrupted(process, e, failures);
                later(afterEnding);
                throw fault;
            } catch (TimeoutException e) {
                throw ended(process, failures.idle(idle), afterEnding);
            } catch (ExecutionException e) {
                throw e.getCause() instanceof SandboxException fault ? fault : failures.other(e);
            } catch (RuntimeException e) {
                throw end.isDone() ? e : ended(process, e, afterEnding);
            } finally {
                pipe.abandon();
            }
        }
    }

    private BackendProcess start(ProcessRequest request, byte @Nullable [] stdin, Runnable afterEnding) {
        try {
            return scripts.start(request, stdin);
        } catch (SandboxInterruptedException e) {
            later(afterEnding);
            throw e;
        }
    }

    /** Once a script has come to its end that may have been started all the same, and had some time to be ended. */
    private void later(Runnable afterEnding) {
        CompletableFuture.delayedExecutor(LATER.toMillis(), TimeUnit.MILLISECONDS, task -> {
                    try {
                        executor.execute(task);
                    } catch (RejectedExecutionException e) {
                        LOG.debug("the backend is closed before a script was tidied up after", e);
                    }
                })
                .execute(afterEnding);
    }

    /** Runs a script whose answer is a stream behind a plus sign, and waits for that. */
    InputStream open(FileScript script, List<String> arguments, FileFailures failures) {
        BytePipe pipe = new BytePipe(BUFFER);
        BackendProcess process = scripts.start(request(script, arguments, false, null), null);
        CompletableFuture<ExitStatus> end = new CompletableFuture<>();
        Collected output = new Collected(0) {
            @Override
            public void stdout(byte[] buffer, int offset, int length) throws IOException {
                try {
                    pipe.write(buffer, offset, length, null);
                } catch (InterruptedException | TimeoutException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted", e);
                }
            }
        };
        FileStream stream = new FileStream(this, process, pipe, end, output::stderr, failures);
        try {
            execute(() -> pump(process, output, end, pipe::end));
            stream.awaitStart();
        } catch (RuntimeException e) {
            stream.close();
            throw e;
        }
        return stream;
    }

    /** Ends a process of a caller that was interrupted, and gives the interrupt back. */
    SandboxException interrupted(BackendProcess process, InterruptedException cause, FileFailures failures) {
        // who is interrupted waits for nothing more
        SandboxException fault = ended(process, failures.interrupted(cause), () -> {});
        Thread.currentThread().interrupt();
        return fault;
    }

    /** Ends a process because of a fault, with the interrupt flag put aside for that long. */
    private static <E extends RuntimeException> E ended(BackendProcess process, E fault, Runnable afterEnding) {
        boolean interrupted = Thread.interrupted();
        try {
            process.end(GRACE);
            afterEnding.run();
        } catch (SandboxException e) {
            fault.addSuppressed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return fault;
    }

    Duration idle() {
        return idle;
    }

    private static ProcessRequest request(
            FileScript script, List<String> arguments, boolean stdin, @Nullable Duration deadline) {
        List<String> argv = new ArrayList<>(List.of("sh", "-c", script.text(), "sandkeeper-files"));
        argv.addAll(arguments);
        return new ProcessRequest(argv, ENVIRONMENT, "/", null, stdin, deadline);
    }

    private void copy(byte[] first, InputStream rest, byte[] trailer, BytePipe pipe, FileFailures failures)
            throws InterruptedException, TimeoutException {
        byte[] buffer = new byte[BUFFER];
        int length = first.length;
        System.arraycopy(first, 0, buffer, 0, length);
        while (length >= 0) {
            if (!offer(pipe, buffer, length)) {
                return;
            }
            try {
                length = rest.read(buffer);
            } catch (IOException e) {
                throw failures.contentFailed(e);
            }
        }
        if (offer(pipe, trailer, trailer.length)) {
            pipe.end();
        }
    }

    /** False if the script takes no more: it has ended, and its exit code says why. */
    private boolean offer(BytePipe pipe, byte[] bytes, int length) throws InterruptedException, TimeoutException {
        try {
            pipe.write(bytes, 0, length, idle);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void pump(
            BackendProcess process, OutputSink output, CompletableFuture<ExitStatus> end, Runnable afterwards) {
        try {
            end.complete(process.pump(output));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end.completeExceptionally(e);
        } catch (RuntimeException | Error e) {
            end.completeExceptionally(e);
        } finally {
            afterwards.run();
        }
    }

    /** Closes standard input only after all has been written: what was abandoned must not look complete. */
    private static void drain(BytePipe pipe, OutputStream stdin) {
        byte[] buffer = new byte[BUFFER];
        try {
            int length;
            while ((length = pipe.read(buffer, 0, buffer.length, null)) >= 0) {
                stdin.write(buffer, 0, length);
                if (pipe.available() == 0) {
                    stdin.flush();
                }
            }
            if (!pipe.abandoned()) {
                stdin.close();
            }
        } catch (IOException e) {
            pipe.abandon();
        } catch (InterruptedException | TimeoutException e) {
            pipe.abandon();
            Thread.currentThread().interrupt();
        }
    }

    private void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            throw new HandleClosedException(Failure.of("handle_closed", "the backend has been closed")
                    .backend(backend)
                    .remedy("Do not close the manager before its sandboxes are done")
                    .cause(e));
        }
    }
}

package dev.sandkeeper.cleanup;

import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxTimeoutException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Calls of what is not ours, such as a provider that may stall: on a thread of their own, so that nobody waits for ever. */
final class BoundedCalls {
    private final Executor workers;

    BoundedCalls(Executor workers) {
        this.workers = workers;
    }

    /**
     * Calls.
     *
     * @param what it is, as in "could not ..."
     * @param most how long its caller waits; after that it is interrupted, and left alone if that does not help
     * @throws SandboxTimeoutException code {@code call_stalled}, if it took longer
     * @throws SandboxInterruptedException if the caller was interrupted; the call is, too
     */
    <T> T call(String what, Duration most, Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        try {
            workers.execute(task);
            return task.get(most.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            throw new HandleClosedException(
                    Failure.of("manager_closed", "could not " + what + ": the manager is closed")
                            .cause(e)
                            .remedy("Another start, or another JVM of the deployment, goes on with it"));
        } catch (ExecutionException e) {
            throw rethrown(e);
        } catch (TimeoutException e) {
            task.cancel(true);
            throw new SandboxTimeoutException(
                    Failure.of("call_stalled", "could not " + what + ": no answer within " + most)
                            .cause(e)
                            .remedy("It is tried again"));
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(Failure.of("interrupted", "interrupted, could not " + what)
                    .cause(e)
                    .remedy("The engine goes on with it"));
        }
    }

    /** As {@link #call}, for what answers nothing. */
    void run(String what, Duration most, Runnable call) {
        Boolean done = call(what, most, () -> {
            call.run();
            return true;
        });
        assert done;
    }

    private static RuntimeException rethrown(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }
}

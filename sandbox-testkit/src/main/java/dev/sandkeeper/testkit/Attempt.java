package dev.sandkeeper.testkit;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Something that runs on a thread of its own, because it may hang. */
final class Attempt {
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private final Thread thread;

    private Attempt(Runnable task) {
        thread = new Thread(() -> run(task), "sandkeeper-contract");
        thread.setDaemon(true);
    }

    static Attempt of(Runnable task) {
        Attempt attempt = new Attempt(task);
        attempt.thread.start();
        return attempt;
    }

    private void run(Runnable task) {
        try {
            task.run();
            outcome.complete(null);
        } catch (RuntimeException | Error e) {
            outcome.completeExceptionally(e);
        }
    }

    void interrupt() {
        thread.interrupt();
    }

    boolean isDone() {
        return outcome.isDone();
    }

    /** Waits for its end; rethrows what it threw. */
    void join(Duration patience) {
        try {
            outcome.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            AssertionError hangs = new AssertionError("still not back after " + patience);
            hangs.setStackTrace(thread.getStackTrace());
            thread.interrupt();
            throw hangs;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException thrown) {
                throw thrown;
            }
            throw e.getCause() instanceof Error error ? error : new AssertionError(e);
        }
    }
}

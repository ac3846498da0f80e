package dev.sandkeeper.store;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Runs database calls on threads that nobody can interrupt. An interrupt closes the file channel or socket that it hits: H2
 * loses its file for everybody, and on a virtual thread every driver loses its connection with the outcome unknown. It also
 * keeps us out of a transaction that the host has bound to the calling thread: a row must be durable before its provider is
 * called.
 */
final class Uninterrupted {
    private static final long CLOSE_SECONDS = 10;

    private final ThreadPoolExecutor threads;

    Uninterrupted(int most) {
        threads = new ThreadPoolExecutor(most, most, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "sandkeeper-store");
            thread.setDaemon(true);
            thread.setContextClassLoader(Uninterrupted.class.getClassLoader());
            return thread;
        });
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a call and waits for its end, whatever happens to the caller; an interrupt is kept for afterwards.
     *
     * @throws RejectedExecutionException after {@link #close()}
     * @throws ExecutionException what the call threw
     */
    <T> T call(Callable<T> call) throws ExecutionException {
        Future<T> future = threads.submit(call);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Takes no further calls and waits for those that run, ten seconds at most. */
    void close() {
        threads.shutdown();
        boolean interrupted = false;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_SECONDS);
        try {
            while (true) {
                try {
                    threads.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

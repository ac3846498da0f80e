package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxException;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletions under way: each ends in time and with an answer, whatever its attempts do. Attempts run on the workers. */
final class Deletions {
    static final int MOST_RETRIES = 2;
    static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
    static final Duration IN_ALL = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(Deletions.class);

    private final ScheduledExecutorService timer;
    private final Executor workers;
    private final Attempt attempt;
    private final Set<Deletion> pending = ConcurrentHashMap.newKeySet();
    private volatile boolean stopped;

    /** Ends the sandbox of a workflow; may be repeated. */
    interface Attempt {
        /** Returns what was done, in words, when nothing is left. */
        String end(FinishedWorkflow workflow, String reason);
    }

    Deletions(ScheduledExecutorService timer, Executor workers, Attempt attempt) {
        this.timer = timer;
        this.workers = workers;
        this.attempt = attempt;
    }

    CompletableFuture<SandboxDeletion> begin(FinishedWorkflow workflow, String reason, Duration delay) {
        Deletion deletion = new Deletion(workflow, reason);
        pending.add(deletion);
        if (stopped) {
            deletion.closed();
        } else if (delay.isZero() || delay.isNegative()) {
            deletion.start();
        } else {
            deletion.later(delay, deletion::start);
        }
        return deletion.answer;
    }

    void stop() {
        stopped = true;
        pending.forEach(Deletion::closed);
    }

    private final class Deletion {
        final CompletableFuture<SandboxDeletion> answer = new CompletableFuture<>();
        private final FinishedWorkflow workflow;
        private final String reason;
        private final Queue<Future<?>> planned = new ConcurrentLinkedQueue<>();
        private volatile int retries;
        private volatile @Nullable String error;

        Deletion(FinishedWorkflow workflow, String reason) {
            this.workflow = workflow;
            this.reason = reason;
        }

        void start() {
            later(IN_ALL, this::outOfTime);
            onWorker(() -> tryOnce(0));
        }

        private void tryOnce(int retry) {
            if (answer.isDone()) {
                return;
            }
            retries = retry;
            try {
                String message = attempt.end(workflow, reason);
                complete(SandboxDeletion.deleted(workflow.sandboxId(), message, retry));
            } catch (RuntimeException e) {
                error = Cleaner.describe(e);
                LOG.warn("could not delete sandbox {} of a finished workflow: {}", workflow.sandboxId(), error);
                LOG.debug("the reason", e);
                boolean mayHelp = !(e instanceof SandboxException known) || known.retryable();
                if (mayHelp && retry < MOST_RETRIES) {
                    later(FIRST_BACKOFF.multipliedBy(1L << retry), () -> tryOnce(retry + 1));
                } else {
                    fail("could not be deleted; the cleanup engine goes on with what it knows");
                }
            }
        }

        private void outOfTime() {
            fail("not deleted within " + IN_ALL.toSeconds() + " s; what was begun goes on");
        }

        void closed() {
            fail("not deleted before the manager was closed; the next one goes on with what was begun");
        }

        private void fail(String message) {
            String last = error;
            complete(SandboxDeletion.failed(
                    workflow.sandboxId(), message, retries, last == null ? "unfinished: " + message : last));
        }

        private void complete(SandboxDeletion deletion) {
            planned.forEach(task -> task.cancel(false));
            pending.remove(this);
            answer.complete(deletion);
        }

        /** The timer must not block, nor may it run what depends on the answer. */
        private void later(Duration delay, Runnable task) {
            try {
                planned.add(timer.schedule(() -> onWorker(task), delay.toMillis(), TimeUnit.MILLISECONDS));
            } catch (RejectedExecutionException e) {
                LOG.debug("not planned, the manager is closed", e);
                closed();
            }
        }

        private void onWorker(Runnable task) {
            try {
                workers.execute(task);
            } catch (RejectedExecutionException e) {
                LOG.debug("not begun, the manager is closed", e);
                closed();
            }
        }
    }
}

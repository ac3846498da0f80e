package dev.sandkeeper.cleanup;

import dev.sandkeeper.internal.EngineContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the sandbox of a workflow that has succeeded, and keeps that of any other for debugging, until its policy ends it.
 * There are three outcomes besides a failure, all told by {@link SandboxDeletion}:
 *
 * <ul>
 *   <li>deleted: nothing is left, also if nothing was left before;
 *   <li>skipped for the status, which is not a successful one: by default {@code completed}, {@code pr_ready} and
 *       {@code finalized} are, compared letter by letter;
 *   <li>skipped for lack of an id.
 * </ul>
 *
 * <p>The sandbox may be named by our id or by the provider's name for it. One that we did not create is adopted first, so that
 * it has a history and its deletion survives this JVM's end; who names it says that it may be destroyed. One that neither the
 * store nor the provider knows counts as deleted.
 *
 * <p>What fails is tried again twice, after 1 and 2 seconds, unless it cannot succeed later; all in all it takes 60 seconds at
 * most. The cleanup engine goes on with what has failed. No method throws for what a store or a provider does, nor for an
 * interrupt, nor after the manager was closed: it is told by the answer. Safe from many threads; it has no thread of its own.
 */
public final class WorkflowCleanup {
    private static final Logger LOG = LoggerFactory.getLogger(WorkflowCleanup.class);
    private static final Set<String> SUCCESSFUL = Set.of("completed", "pr_ready", "finalized");

    private final Deletions deletions;
    private final Set<String> successful;
    private final int parallelism;

    /**
     * For {@link dev.sandkeeper.SandboxManager}.
     *
     * @param cleanup the engine
     * @param context what the manager lends
     */
    public WorkflowCleanup(Cleanup cleanup, EngineContext context) {
        this(
                new Deletions(context.timer(), context.workers(), new WorkflowTarget(cleanup, context)::end),
                SUCCESSFUL,
                cleanup.settings().parallelism());
    }

    WorkflowCleanup(Deletions deletions, Set<String> successful, int parallelism) {
        this.deletions = deletions;
        this.successful = Set.copyOf(successful);
        this.parallelism = parallelism;
    }

    /**
     * The same with other words for success.
     *
     * @param statuses after which a sandbox is deleted, instead of the default ones
     * @return another object; this one stays as it is
     */
    public WorkflowCleanup successful(Set<String> statuses) {
        return new WorkflowCleanup(deletions, statuses, parallelism);
    }

    /**
     * Deletes a sandbox if its workflow has succeeded, and waits until nothing is left.
     *
     * @param sandboxId our id of it or, with one backend, the provider's name for it; null or blank if there was none
     * @param status how the workflow ended
     * @return what came of it
     */
    public SandboxDeletion onFinished(@Nullable String sandboxId, @Nullable String status) {
        return onFinished(new FinishedWorkflow(sandboxId, status));
    }

    /**
     * Deletes a sandbox if its workflow has succeeded, and waits until nothing is left.
     *
     * @param workflow the workflow
     * @return what came of it
     */
    public SandboxDeletion onFinished(FinishedWorkflow workflow) {
        return await(workflow, begin(workflow, Duration.ZERO));
    }

    /**
     * Deletes the sandboxes of those workflows that have succeeded, as many at a time as the engine does
     * ({@link CleanupSettings#parallelism()}), and waits until nothing of them is left. Each has its 60 seconds from its turn
     * on.
     *
     * @param workflows any number
     * @return what came of each, in their order
     */
    public List<SandboxDeletion> onFinished(Collection<FinishedWorkflow> workflows) {
        Semaphore turns = new Semaphore(parallelism);
        List<FinishedWorkflow> order = List.copyOf(workflows);
        List<CompletableFuture<SandboxDeletion>> begun = new ArrayList<>();
        for (FinishedWorkflow workflow : order) {
            try {
                turns.acquire();
                begun.add(begin(workflow, Duration.ZERO).whenComplete((deletion, error) -> turns.release()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                begun.add(CompletableFuture.completedFuture(interrupted(workflow)));
            }
        }
        List<SandboxDeletion> answers = new ArrayList<>();
        for (int i = 0; i < begun.size(); i++) {
            answers.add(await(order.get(i), begun.get(i)));
        }
        return List.copyOf(answers);
    }

    /**
     * Deletes a sandbox some time after its workflow has succeeded. The plan is this JVM's alone: if it ends before, the
     * sandbox ends by its policy.
     *
     * @param workflow the workflow
     * @param delay how long to wait; the 60 seconds begin after it
     * @return what will have come of it; at once if it is skipped, a failure if the manager is closed before. Never completes
     *     exceptionally
     */
    public CompletableFuture<SandboxDeletion> onFinished(FinishedWorkflow workflow, Duration delay) {
        return begin(workflow, delay).copy();
    }

    /** For {@link dev.sandkeeper.SandboxManager}: begins nothing more and answers whoever waits. */
    public void stop() {
        deletions.stop();
    }

    private CompletableFuture<SandboxDeletion> begin(FinishedWorkflow workflow, Duration delay) {
        String id = workflow.sandboxId();
        String status = workflow.status();
        if (id == null || id.isBlank()) {
            return CompletableFuture.completedFuture(SandboxDeletion.skipped(id, "the workflow had no sandbox id"));
        }
        if (status == null || !successful.contains(status)) {
            LOG.info("kept sandbox {}: its workflow ended as {}", id, status);
            return CompletableFuture.completedFuture(SandboxDeletion.skipped(
                    id,
                    "the workflow's status is " + (status == null ? "unknown" : "\"" + status + "\"") + ", not one of "
                            + new TreeSet<>(successful)));
        }
        return deletions.begin(workflow, "its workflow ended as " + status, delay);
    }

    private static SandboxDeletion await(FinishedWorkflow workflow, CompletableFuture<SandboxDeletion> answer) {
        if (answer.isDone()) {
            return answer.join();
        }
        try {
            return answer.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return interrupted(workflow);
        } catch (ExecutionException e) {
            throw new AssertionError("it never completes exceptionally", e);
        }
    }

    private static SandboxDeletion interrupted(FinishedWorkflow workflow) {
        return SandboxDeletion.failed(
                workflow.sandboxId(),
                "the caller was interrupted; what was begun goes on",
                0,
                "interrupted: nobody waited for the end");
    }
}

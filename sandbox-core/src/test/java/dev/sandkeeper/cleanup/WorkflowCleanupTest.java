package dev.sandkeeper.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkflowCleanupTest {
    private final ManualTimer timer = new ManualTimer();
    private final List<String> attempts = new ArrayList<>();
    private final Queue<RuntimeException> faults = new ArrayDeque<>();
    private final WorkflowCleanup workflows = on(new Deletions(timer, Runnable::run, this::attempt));

    private static WorkflowCleanup on(Deletions deletions) {
        return new WorkflowCleanup(deletions, Set.of("completed", "pr_ready", "finalized"), 2);
    }

    private String attempt(FinishedWorkflow workflow, String reason) {
        attempts.add(workflow.sandboxId() + ", " + reason);
        RuntimeException fault = faults.poll();
        if (fault != null) {
            throw fault;
        }
        return "destroyed";
    }

    private static BackendUnavailableException unavailable(String text) {
        return new BackendUnavailableException(Failure.of("no_answer", text));
    }

    @AfterEach
    void close() {
        timer.shutdownNow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"completed", "pr_ready", "finalized"})
    void deletesAfterSuccess(String status) {
        SandboxDeletion deletion = workflows.onFinished("sandbox-1", status);
        assertThat(deletion).isEqualTo(new SandboxDeletion("sandbox-1", true, "destroyed", 0, null, false, null));
        assertThat(attempts).containsExactly("sandbox-1, its workflow ended as " + status);
        assertThat(deletion.summary()).isEqualTo(new SandboxDeletion.Summary(true, true, false, null, null));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"failed", "Completed", "completed ", "cancelled", ""})
    void keepsForDebuggingAfterAnythingElse(String status) {
        SandboxDeletion deletion = workflows.onFinished("sandbox-1", status);
        assertThat(attempts).isEmpty();
        assertThat(deletion.success()).isFalse();
        assertThat(deletion.skipped()).isTrue();
        assertThat(deletion.error()).isNull();
        assertThat(deletion.skipReason())
                .contains(status == null ? "unknown" : "\"" + status + "\"")
                .contains("[completed, finalized, pr_ready]");
        assertThat(deletion.summary())
                .isEqualTo(new SandboxDeletion.Summary(false, false, true, deletion.skipReason(), null));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void skipsWhatHadNoSandbox(String id) {
        SandboxDeletion deletion = workflows.onFinished(id, "completed");
        assertThat(attempts).isEmpty();
        assertThat(deletion.skipped()).isTrue();
        assertThat(deletion.skipReason()).isEqualTo("the workflow had no sandbox id");
        assertThat(deletion.sandboxId()).isEqualTo(id);
    }

    @Test
    void hostsMayHaveOtherWordsForSuccess() {
        WorkflowCleanup german = workflows.successful(Set.of("fertig"));
        assertThat(german.onFinished("a", "fertig").success()).isTrue();
        assertThat(german.onFinished("a", "completed").skipped()).isTrue();
        assertThat(workflows.onFinished("a", "fertig").skipped()).isTrue();
    }

    @Test
    void writesExactlyTheNamesThatOthersRead() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        faults.add(new BackendRejectedException(Failure.of("refused", "it does not want to")));
        SandboxDeletion deletion = workflows.onFinished("a", "completed");
        Map<?, ?> json = mapper.readValue(deletion.toJson(), Map.class);
        assertThat(json.keySet().stream().map(String::valueOf))
                .containsExactly("sandbox_id", "success", "message", "retries_used", "error", "skipped", "skip_reason");
        assertThat(json.get("sandbox_id")).isEqualTo("a");
        assertThat(json.get("success")).isEqualTo(false);
        assertThat(json.get("retries_used")).isEqualTo(0);
        assertThat(json.get("error")).isEqualTo("refused: it does not want to");
        assertThat(json.get("skip_reason")).isNull();
        Map<?, ?> summary =
                mapper.readValue(workflows.onFinished("a", "no").summary().toJson(), Map.class);
        assertThat(summary.keySet().stream().map(String::valueOf))
                .containsExactly("attempted", "success", "skipped", "skip_reason", "error");
        assertThat(summary.get("attempted")).isEqualTo(false);
        assertThat(summary.get("skipped")).isEqualTo(true);
    }

    @Test
    void triesAgainTwiceAndLaterEachTime() {
        faults.addAll(List.of(unavailable("1"), new IllegalStateException("2"), unavailable("3"), unavailable("4")));
        CompletableFuture<SandboxDeletion> answer =
                workflows.onFinished(new FinishedWorkflow("a", "completed"), Duration.ZERO);
        assertThat(timer.delays()).containsExactly(60_000L, 1_000L);
        timer.fire(1_000);
        assertThat(timer.delays()).containsExactly(60_000L, 2_000L);
        assertThat(answer).isNotDone();
        timer.fire(2_000);
        SandboxDeletion deletion = answer.join();
        assertThat(attempts).hasSize(3);
        assertThat(deletion.success()).isFalse();
        assertThat(deletion.skipped()).isFalse();
        assertThat(deletion.retriesUsed()).isEqualTo(2);
        assertThat(deletion.error()).isEqualTo("no_answer: 3");
        assertThat(timer.delays()).as("nothing is left planned").isEmpty();
    }

    @Test
    void countsTheRetriesThatHelped() {
        faults.add(unavailable("1"));
        CompletableFuture<SandboxDeletion> answer =
                workflows.onFinished(new FinishedWorkflow("a", "completed"), Duration.ZERO);
        timer.fire(1_000);
        assertThat(answer.join()).isEqualTo(new SandboxDeletion("a", true, "destroyed", 1, null, false, null));
        assertThat(timer.delays()).isEmpty();
    }

    @Test
    void doesNotRepeatWhatCannotSucceedLater() {
        faults.add(new BackendRejectedException(Failure.of("refused", "no")));
        SandboxDeletion deletion = workflows.onFinished("a", "completed");
        assertThat(attempts).hasSize(1);
        assertThat(deletion.retriesUsed()).isZero();
        assertThat(deletion.error()).isEqualTo("refused: no");
    }

    @Test
    void answersAfter60SecondsWhateverHangs() {
        List<Runnable> hanging = new ArrayList<>();
        WorkflowCleanup slow = on(new Deletions(
                timer,
                task -> {
                    if (hanging.isEmpty()) {
                        hanging.add(task);
                    } else {
                        task.run();
                    }
                },
                this::attempt));
        CompletableFuture<SandboxDeletion> answer =
                slow.onFinished(new FinishedWorkflow("a", "completed"), Duration.ZERO);
        assertThat(answer).isNotDone();
        timer.fire(60_000);
        assertThat(answer.join().success()).isFalse();
        assertThat(answer.join().message()).contains("60 s");
        assertThat(answer.join().error()).contains("unfinished");
        hanging.get(0).run();
        assertThat(attempts).as("begun after the answer").isEmpty();
    }

    @Test
    void waitsBeforeItDeletesWhereAsked() {
        CompletableFuture<SandboxDeletion> answer =
                workflows.onFinished(new FinishedWorkflow("a", "completed"), Duration.ofMinutes(5));
        assertThat(timer.delays()).containsExactly(300_000L);
        assertThat(attempts).isEmpty();
        timer.fire(300_000);
        assertThat(answer.join().success()).isTrue();
        assertThat(workflows.onFinished(new FinishedWorkflow("a", "failed"), Duration.ofMinutes(5)))
                .isCompletedWithValueMatching(SandboxDeletion::skipped);
    }

    @Test
    void answersWhoeverWaitsWhenTheManagerIsClosed() {
        CompletableFuture<SandboxDeletion> planned =
                workflows.onFinished(new FinishedWorkflow("a", "completed"), Duration.ofMinutes(5));
        workflows.stop();
        assertThat(planned.join().success()).isFalse();
        assertThat(planned.join().message()).contains("closed");
        assertThat(timer.delays()).isEmpty();
        SandboxDeletion later = workflows.onFinished("b", "completed");
        assertThat(later.success()).isFalse();
        assertThat(later.message()).contains("closed");
        assertThat(attempts).isEmpty();
    }

    @Test
    void saysSoWhereNobodyTakesTheWork() {
        WorkflowCleanup refused = on(new Deletions(
                timer,
                task -> {
                    throw new RejectedExecutionException("closed");
                },
                this::attempt));
        assertThat(refused.onFinished("a", "completed").message()).contains("closed");
        timer.shutdown();
        CompletableFuture<SandboxDeletion> planned =
                workflows.onFinished(new FinishedWorkflow("a", "completed"), Duration.ofMinutes(5));
        assertThat(planned.join().message()).contains("closed");
    }

    @Test
    void toldByTheAnswerAndTheFlagThatTheCallerWasInterrupted() {
        WorkflowCleanup slow = on(new Deletions(timer, task -> {}, this::attempt));
        Thread.currentThread().interrupt();
        SandboxDeletion one = slow.onFinished("a", "completed");
        List<SandboxDeletion> all = slow.onFinished(
                List.of(new FinishedWorkflow("b", "completed"), new FinishedWorkflow("c", "completed")));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(one.success()).isFalse();
        assertThat(one.error()).contains("interrupted");
        assertThat(all).extracting(SandboxDeletion::sandboxId).containsExactly("b", "c");
        assertThat(all).allMatch(deletion -> !deletion.success() && !deletion.skipped());
    }

    @Test
    void doesABatchInItsOrderAndAFewAtATime() {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        ExecutorService workers = Executors.newCachedThreadPool();
        try {
            WorkflowCleanup parallel = on(new Deletions(timer, workers, (workflow, reason) -> {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                try {
                    if ("3".equals(workflow.sandboxId())) {
                        throw new BackendRejectedException(Failure.of("refused", "no"));
                    }
                    return "destroyed " + workflow.sandboxId();
                } finally {
                    running.decrementAndGet();
                }
            }));
            List<FinishedWorkflow> batch = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                batch.add(new FinishedWorkflow("" + i, i % 10 == 9 ? "failed" : "completed"));
            }
            List<SandboxDeletion> answers = parallel.onFinished(batch);
            assertThat(answers).hasSize(50);
            for (int i = 0; i < 50; i++) {
                assertThat(answers.get(i).sandboxId()).isEqualTo("" + i);
                assertThat(answers.get(i).skipped()).isEqualTo(i % 10 == 9);
                assertThat(answers.get(i).success()).isEqualTo(i % 10 != 9 && i != 3);
            }
            assertThat(most.get()).isBetween(1, 2);
        } finally {
            workers.shutdownNow();
            await().until(workers::isTerminated);
        }
    }

    /** Keeps what is planned until a test lets it happen. */
    private static final class ManualTimer extends ScheduledThreadPoolExecutor {
        private final List<Planned> plans = new ArrayList<>();

        ManualTimer() {
            super(0);
            setRemoveOnCancelPolicy(true);
        }

        private record Planned(long millis, Runnable task, ScheduledFuture<?> future) {}

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            ScheduledFuture<?> future = super.schedule(() -> {}, 1_000, TimeUnit.DAYS);
            plans.add(new Planned(unit.toMillis(delay), task, future));
            return future;
        }

        List<Long> delays() {
            plans.removeIf(plan -> plan.future.isCancelled());
            return plans.stream().map(Planned::millis).toList();
        }

        void fire(long millis) {
            Planned plan = plans.stream()
                    .filter(p -> p.millis == millis && !p.future.isCancelled())
                    .findFirst()
                    .orElseThrow();
            plans.remove(plan);
            plan.task.run();
        }
    }
}

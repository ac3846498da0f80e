package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.ArchiveQuery;
import dev.sandkeeper.cleanup.ArchivedSandbox;
import dev.sandkeeper.cleanup.FinishedWorkflow;
import dev.sandkeeper.cleanup.SandboxDeletion;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkflowTest {
    private final Rig rig = new Rig();
    private final FaultPlan plan = FaultPlan.create();

    @AfterEach
    void close() {
        rig.close();
    }

    private SandboxManager faulty() {
        return rig.manager(
                backend -> FaultInjectingBackend.of(backend, plan), Rig.manual().build());
    }

    /** A resource of somebody else. */
    private String foreign() {
        try (BackendSandbox foreign = rig.backend()
                .create(new ProvisionRequest(
                        "elsewhere",
                        SandboxId.generate(1),
                        rig.clock.instant(),
                        null,
                        SandboxSpec.builder().build(),
                        Map.of(),
                        message -> {}))) {
            return foreign.providerRef();
        }
    }

    @Test
    void deletesAfterSuccessAndKeepsAfterAnythingElse() {
        SandboxManager manager = rig.manager();
        Sandbox failed = manager.create(SandboxSpec.builder().build());
        Sandbox done = manager.create(SandboxSpec.builder().build());

        SandboxDeletion kept = manager.workflows().onFinished(failed.id().toString(), "failed");
        assertThat(kept.skipped()).isTrue();
        assertThat(failed.exec("true").exitCode()).isZero();

        SandboxDeletion deleted = manager.workflows().onFinished(done.id().toString(), "pr_ready");
        assertThat(deleted.success()).isTrue();
        SandboxInfo history = manager.find(done.id()).orElseThrow();
        assertThat(history.state()).isEqualTo(SandboxState.CLEANED);
        assertThat(history.endReason()).contains("its workflow ended as pr_ready");
        assertThat(rig.provider.resources()).hasSize(1);
        assertThat(manager.workflows()
                        .onFinished(done.id().toString(), "pr_ready")
                        .success())
                .as("again")
                .isTrue();
        assertThat(rig.events(SandboxEvent.Destroyed.class)).hasSize(1);
        failed.destroy();
    }

    @Test
    void knowsOurSandboxByItsProvidersNameToo() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        String ref = sandbox.info().providerRef().orElseThrow();

        assertThat(manager.workflows().onFinished(ref, "completed").success()).isTrue();
        assertThat(manager.find(sandbox.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        assertThat(rig.events(SandboxEvent.Destroyed.class)).hasSize(1);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void adoptsWhatItDidNotMakeSoThatThereIsHistory() {
        SandboxManager manager = rig.manager();
        String ref = foreign();
        assertThat(manager.workflows().onFinished(ref, "failed").skipped()).isTrue();
        assertThat(rig.provider.resources()).hasSize(1);

        SandboxDeletion deletion = manager.workflows().onFinished(ref, "completed");
        assertThat(deletion.success()).isTrue();
        assertThat(rig.provider.resources()).isEmpty();
        SandboxEvent.Destroyed event = rig.events(SandboxEvent.Destroyed.class).get(0);
        SandboxInfo history = manager.find(event.sandbox().id()).orElseThrow();
        assertThat(history.state()).isEqualTo(SandboxState.CLEANED);
        assertThat(history.providerRef()).contains(ref);
        assertThat(history.endReason()).contains("its workflow ended as completed");
        assertThat(deletion.message()).contains(history.id().toString());
    }

    @Test
    void recordsTheLastUsageBeforeTheDeletionOfOursAndOfWhatItAdopts() {
        SandboxManager manager = rig.manager();
        Sandbox ours = manager.create(SandboxSpec.builder().build());
        ours.files().write("early", "x".repeat(1000));
        String ref = foreign();
        try (BackendSandbox foreign = rig.backend().attach(ref)) {
            foreign.files().write("/workspace/f", new ByteArrayInputStream(new byte[300]), -1);
        }
        ours.files().write("last", "x".repeat(2000));

        assertThat(manager.workflows()
                        .onFinished(ours.id().toString(), "completed")
                        .success())
                .isTrue();
        assertThat(manager.workflows().onFinished(ref, "completed").success()).isTrue();
        List<ArchivedSandbox> archived = manager.cleanup().archive().list(ArchiveQuery.all());
        assertThat(archived)
                .hasSize(2)
                .allSatisfy(sandbox -> assertThat(sandbox.info().audit())
                        .extracting(AuditEntry::event)
                        .endsWith("claimed", "destroyed"));
        assertThat(archived)
                .extracting(sandbox -> sandbox.freedBytes().orElseThrow())
                .satisfiesExactlyInAnyOrder(
                        bytes -> assertThat(bytes).isGreaterThanOrEqualTo(3000),
                        bytes -> assertThat(bytes).isBetween(300L, 2999L));
        assertThat(archived).allSatisfy(sandbox -> assertThat(sandbox.toJson()).contains("disk_bytes"));
    }

    @Test
    void whatNobodyKnowsIsGone() {
        SandboxManager manager = rig.manager();
        assertThat(manager.workflows().onFinished("never-was", "completed").success())
                .isTrue();
        assertThat(manager.workflows()
                        .onFinished(SandboxId.generate(5).toString(), "completed")
                        .success())
                .isTrue();
        assertThat(rig.events).isEmpty();
    }

    @Test
    void triesAgainWhatFailed() {
        SandboxManager manager = faulty();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        plan.next(FaultPlan.Operation.DESTROY, Fault.of(Fault.Kind.UNAVAILABLE));

        SandboxDeletion deletion = manager.workflows().onFinished(sandbox.id().toString(), "completed");
        assertThat(deletion.success()).isTrue();
        assertThat(deletion.retriesUsed()).isEqualTo(1);
        assertThat(plan.calls(FaultPlan.Operation.DESTROY)).isEqualTo(2);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void whatFailedForGoodIsEndedByTheEngineOfAnyJvm() {
        SandboxManager manager = faulty();
        String ref = foreign();
        plan.always(FaultPlan.Operation.DESTROY, Fault.of(Fault.Kind.UNAVAILABLE));

        SandboxDeletion deletion = manager.workflows().onFinished(ref, "completed");
        assertThat(deletion.success()).isFalse();
        assertThat(deletion.retriesUsed()).isEqualTo(2);
        assertThat(deletion.error()).startsWith("planned_fault: ");
        assertThat(plan.calls(FaultPlan.Operation.DESTROY)).isEqualTo(3);
        assertThat(manager.list(SandboxQuery.all()).sandboxes())
                .as("adopted once")
                .hasSize(1);

        SandboxManager other = rig.manager();
        rig.clock.advance(Duration.ofMinutes(10));
        assertThat(other.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void adoptsNothingThatItCannotAskFor() {
        SandboxManager manager = faulty();
        String ref = foreign();
        plan.next(FaultPlan.Operation.STATE, Fault.of(Fault.Kind.UNKNOWN_STATE));
        SandboxDeletion deletion = manager.workflows().onFinished(ref, "completed");
        assertThat(deletion.success()).isTrue();
        assertThat(deletion.retriesUsed()).isEqualTo(1);
        assertThat(rig.events(SandboxEvent.Destroyed.class)).hasSize(1);
    }

    @Test
    void aNameAtOneOfSeveralProvidersNeedsItsBackend() {
        SandboxManager manager = rig.manager(
                backend -> backend,
                Rig.manual().build(),
                builder -> builder.backend(
                        InMemoryBackend.builder(rig.provider).name("other").build()));
        String ref = foreign();
        SandboxDeletion unnamed = manager.workflows().onFinished(ref, "completed");
        assertThat(unnamed.success()).isFalse();
        assertThat(unnamed.retriesUsed()).isZero();
        assertThat(unnamed.error())
                .contains("unknown_backend")
                .contains("other")
                .contains("memory");
        assertThat(rig.provider.resources()).hasSize(1);

        assertThat(manager.workflows()
                        .onFinished(new FinishedWorkflow(ref, "completed", "other"))
                        .success())
                .isTrue();
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void doesABatch() {
        SandboxManager manager = rig.manager();
        List<FinishedWorkflow> batch = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            batch.add(new FinishedWorkflow(
                    manager.create(SandboxSpec.builder().build()).id().toString(), i < 15 ? "completed" : "failed"));
        }
        batch.add(new FinishedWorkflow(foreign(), "finalized"));
        batch.add(new FinishedWorkflow(null, "completed"));

        List<SandboxDeletion> answers = manager.workflows().onFinished(batch);
        assertThat(answers).filteredOn(SandboxDeletion::success).hasSize(16);
        assertThat(answers).filteredOn(SandboxDeletion::skipped).hasSize(6);
        assertThat(rig.provider.resources()).hasSize(5);
    }

    @Test
    void aClosedManagerSaysSoToThoseWhoWaitAndToThoseWhoComeLater() throws Exception {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        FinishedWorkflow workflow = new FinishedWorkflow(sandbox.id().toString(), "completed");
        CompletableFuture<SandboxDeletion> planned = manager.workflows().onFinished(workflow, Duration.ofHours(1));
        manager.close();
        assertThat(planned.get(20, TimeUnit.SECONDS).message()).contains("closed");
        assertThat(manager.workflows().onFinished(workflow).message()).contains("closed");
        assertThat(rig.provider.resources()).hasSize(1);

        assertThat(rig.manager()
                        .workflows()
                        .onFinished(workflow, Duration.ofMillis(50))
                        .get(60, TimeUnit.SECONDS)
                        .success())
                .isTrue();
    }
}

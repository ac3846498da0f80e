package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.ArchiveQuery;
import dev.sandkeeper.cleanup.ArchivedSandbox;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.cleanup.CleanupRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import dev.sandkeeper.testkit.ForwardingBackend;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Runs that somebody asks for, their steps one by one, and what is kept of it. */
class CleanupRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    private static SandboxSpec living(Duration time) {
        return SandboxSpec.builder().timeToLive(time).build();
    }

    /** A provider that tells how much disk its sandboxes use. */
    private static UnaryOperator<SandboxBackend> withDisk(long bytes) {
        return backend -> new ForwardingBackend(backend) {
            @Override
            public Optional<ResourceUsage> usage(String providerRef) {
                return Optional.of(new ResourceUsage(Duration.ofMillis(1500), 7L, 8L, bytes));
            }
        };
    }

    @Test
    void aDryRunChangesNothingAndSaysWhatItWouldDoAndWhy() {
        SandboxManager manager = rig.manager();
        Sandbox due = manager.create(living(Duration.ofMinutes(1)));
        Sandbox marked = manager.create(living(Duration.ofHours(1)));
        manager.create(living(Duration.ofHours(1)));
        assertThat(manager.cleanup().markExpired(marked.id())).isTrue();
        rig.clock.advance(Duration.ofMinutes(2));
        CleanupRequest request = CleanupRequest.builder().dryRun().build();
        for (int i = 0; i < 2; i++) {
            CleanupReport report = manager.cleanup().run(request);
            assertThat(report.dryRun()).isTrue();
            assertThat(report.cleaned()).isZero();
            assertThat(report.planned())
                    .extracting(CleanupReport.Plan::sandboxId, CleanupReport.Plan::action, CleanupReport.Plan::policy)
                    .containsExactlyInAnyOrder(
                            org.assertj.core.groups.Tuple.tuple(due.id(), "destroy", "time_to_live"),
                            org.assertj.core.groups.Tuple.tuple(marked.id(), "destroy", "request"));
            assertThat(report.planned())
                    .allSatisfy(plan -> assertThat(plan.reason()).isNotEmpty());
        }
        assertThat(manager.find(due.id()).orElseThrow().state()).isEqualTo(SandboxState.ACTIVE);
        assertThat(rig.provider.resources()).hasSize(3);
        assertThat(manager.cleanup().findExpired(10))
                .extracting(SandboxInfo::id)
                .containsExactlyInAnyOrder(due.id(), marked.id());
        assertThat(manager.cleanup().findExpired(1)).hasSize(1);
    }

    @Test
    void endsWhatIsNamedOnlyIfThePolicyAgreesOrItIsForced() {
        SandboxManager manager = rig.manager();
        SandboxId young = manager.create(living(Duration.ofHours(1))).id();
        SandboxId other = manager.create(living(Duration.ofHours(1))).id();
        SandboxId unknown = SandboxId.generate(5);
        CleanupReport report = manager.cleanup()
                .run(CleanupRequest.builder().ids(List.of(young, unknown)).build());
        assertThat(report.processed()).isEqualTo(1);
        assertThat(report.cleaned()).isZero();
        assertThat(report.problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.error()).startsWith("sandbox_not_found"));

        CleanupRequest forced = CleanupRequest.builder()
                .ids(List.of(young))
                .force()
                .reason("the tenant has left")
                .build();
        assertThat(manager.cleanup().run(forced).cleaned()).isEqualTo(1);
        assertThat(manager.find(young).orElseThrow().endReason()).contains("the tenant has left");
        assertThat(manager.cleanup().run(forced))
                .as("what has ended is a success, and done once")
                .satisfies(again -> assertThat(again.cleaned() + again.failed()).isZero());
        assertThat(manager.find(other).orElseThrow().state()).isEqualTo(SandboxState.ACTIVE);
    }

    @Test
    void endsWhatIsOldEnoughUpToALimit() {
        SandboxManager manager = rig.manager();
        for (int i = 0; i < 5; i++) {
            manager.create(living(Duration.ofHours(9)));
        }
        rig.clock.advance(Duration.ofMinutes(10));
        Sandbox young = manager.create(living(Duration.ofHours(9)));
        CleanupRequest.Builder old =
                CleanupRequest.builder().olderThan(Duration.ofMinutes(10)).force();
        assertThat(manager.cleanup().run(old.limit(2).build()).cleaned()).isEqualTo(2);
        assertThat(manager.cleanup().run(old.limit(100).build()).cleaned()).isEqualTo(3);
        assertThat(rig.provider.resources()).hasSize(1);
        assertThat(young.exec("true").exitCode()).isZero();
        assertThat(manager.cleanup()
                        .run(CleanupRequest.builder()
                                .olderThan(Duration.ZERO)
                                .force()
                                .build())
                        .cleaned())
                .isEqualTo(1);
    }

    @Test
    void refusesARequestThatWouldEndEverythingByMistake() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupRequest.builder().force().build())
                .withMessageContaining("olderThan(Duration.ZERO)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupRequest.builder().ids(List.of()))
                .withMessageContaining("ids");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupRequest.builder().limit(0))
                .withMessageContaining("limit must be more than 0: 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupRequest.builder().olderThan(Duration.ofSeconds(-1)))
                .withMessageContaining("PT-1S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CleanupRequest.builder()
                        .ids(List.of(SandboxId.generate(1)))
                        .olderThan(Duration.ZERO)
                        .build())
                .withMessageContaining("exclude");
    }

    @Test
    void theReportHasTheAgreedNames() throws IOException {
        SandboxManager manager =
                rig.manager(withDisk(3 << 20), Rig.manual().measureDisk().build());
        manager.create(living(Duration.ofMinutes(1)));
        manager.create(living(Duration.ofMinutes(1)));
        rig.clock.advance(Duration.ofMinutes(1));
        JsonNode report = JSON.readTree(
                manager.cleanup().run(CleanupRequest.builder().limit(1).build()).toJson());
        List<String> names = new ArrayList<>();
        report.fieldNames().forEachRemaining(names::add);
        assertThat(names)
                .startsWith(
                        "cleanup_started_at",
                        "cleanup_completed_at",
                        "duration_seconds",
                        "sandboxes_processed",
                        "sandboxes_cleaned",
                        "sandboxes_failed",
                        "disk_space_freed_mb",
                        "errors");
        assertThat(report.get("cleanup_started_at").asText()).isEqualTo("2030-01-01T00:01:00Z");
        assertThat(report.get("sandboxes_cleaned").asInt()).isEqualTo(1);
        assertThat(report.get("disk_space_freed_mb").asDouble()).isEqualTo(3.0);
        assertThat(report.get("errors").isArray()).isTrue();
    }

    @Test
    void theStepsCanBeTakenOneByOneAndRepeated() {
        SandboxManager manager = rig.manager();
        SandboxId id = manager.create(living(Duration.ofHours(1))).id();
        assertThatThrownBy(() -> manager.cleanup().archive(id))
                .isInstanceOf(SandboxConflictException.class)
                .hasMessageContaining("ACTIVE");
        assertThat(manager.cleanup().markExpired(id)).isTrue();
        assertThat(manager.cleanup().markExpired(id)).isFalse();
        assertThat(manager.cleanup().destroyResources(id)).isTrue();
        assertThat(rig.provider.resources()).isEmpty();
        assertThat(manager.find(id).orElseThrow().state()).isEqualTo(SandboxState.CLEANING);
        assertThat(manager.cleanup().destroyResources(id)).as("may be repeated").isTrue();
        assertThat(manager.cleanup().archive(id)).isTrue();
        assertThat(manager.cleanup().archive(id)).isFalse();
        assertThat(manager.cleanup().destroyResources(id)).isFalse();
        assertThat(manager.find(id).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        SandboxId unknown = SandboxId.generate(7);
        assertThatThrownBy(() -> manager.cleanup().markExpired(unknown)).isInstanceOf(SandboxNotFoundException.class);
        assertThatThrownBy(() -> manager.cleanup().destroyResources(unknown))
                .isInstanceOf(SandboxNotFoundException.class);
        assertThatThrownBy(() -> manager.cleanup().archive(unknown)).isInstanceOf(SandboxNotFoundException.class);
    }

    @Test
    void whatWasDestroyedAndNotArchivedIsArchivedByTheEngine() {
        SandboxManager manager = rig.manager();
        SandboxId id = manager.create(living(Duration.ofHours(1))).id();
        assertThat(manager.cleanup().destroyResources(id)).isTrue();
        assertThat(manager.cleanup().run().cleaned()).isZero();
        rig.clock.advance(Duration.ofMinutes(2));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
    }

    @Test
    void theArchiveTellsWhoWhyHowLongWhatWasUsedAndEveryStep() throws IOException {
        FaultPlan plan = FaultPlan.create();
        SandboxManager manager = rig.manager(
                backend -> FaultInjectingBackend.of(withDisk(1024).apply(backend), plan),
                Rig.manual().measureDisk().build());
        SandboxId id = manager.create(SandboxSpec.builder()
                        .timeToLive(Duration.ofMinutes(1))
                        .owner("ann")
                        .label("task", "42")
                        .environment("PASSWORD", "s3cret")
                        .build())
                .id();
        rig.clock.advance(Duration.ofMinutes(1));
        plan.next(FaultPlan.Operation.DESTROY, Fault.of(Fault.Kind.UNAVAILABLE));
        assertThat(manager.cleanup().run().failed()).isEqualTo(1);
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);

        ArchivedSandbox kept = manager.cleanup().archive().find(id).orElseThrow();
        assertThat(kept.info().endPolicy()).contains("time_to_live");
        assertThat(kept.info().audit())
                .extracting(AuditEntry::event)
                .containsExactly("created", "expired", "claimed", "failed", "claimed", "destroyed");
        assertThat(kept.usage()).contains(new ResourceUsage(Duration.ofMillis(1500), 7L, 8L, 1024L));
        assertThat(kept.freedBytes()).hasValue(1024);
        assertThat(kept.endedBy()).isPresent();
        assertThat(kept.claimedAt()).contains(rig.clock.instant().minus(Duration.ofMinutes(1)));
        assertThat(kept.info().cleanupAttempts()).isEqualTo(1);

        StringBuilder lines = new StringBuilder();
        assertThat(manager.cleanup().archive().export(ArchiveQuery.all(), lines))
                .isEqualTo(1);
        assertThat(lines).endsWith("}\n").doesNotContain("s3cret").contains("PASSWORD");
        JsonNode json = JSON.readTree(lines.toString());
        assertThat(json.get("owner").asText()).isEqualTo("ann");
        assertThat(json.get("labels").get("task").asText()).isEqualTo("42");
        assertThat(json.get("usage").get("cpu_seconds").asDouble()).isEqualTo(1.5);
        assertThat(json.get("audit")).hasSize(6);
    }

    @Test
    void theArchiveIsListedByPageAndFilterAndPurgedAfterItsRetention() {
        SandboxManager manager = rig.manager();
        List<SandboxId> ended = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Sandbox sandbox = manager.create(
                    SandboxSpec.builder().owner(i % 2 == 0 ? "ann" : "bob").build());
            sandbox.destroy();
            ended.add(0, sandbox.id());
            rig.clock.advance(Duration.ofDays(7));
        }
        var archive = manager.cleanup().archive();
        List<ArchivedSandbox> first = archive.list(ArchiveQuery.all().limit(2));
        assertThat(ids(first)).isEqualTo(ended.subList(0, 2));
        assertThat(ids(archive.list(ArchiveQuery.all().limit(9).after(first.get(1)))))
                .isEqualTo(ended.subList(2, 5));
        assertThat(ids(archive.list(ArchiveQuery.all().owner("bob")))).containsExactly(ended.get(1), ended.get(3));
        assertThat(archive.list(ArchiveQuery.all().endedByPolicy("idle"))).isEmpty();
        assertThat(archive.list(ArchiveQuery.all().backend("memory").endedByPolicy("request")))
                .hasSize(5);

        // ended 35, 28, 21, 14 and 7 days ago
        assertThat(manager.cleanup().purgeArchive()).isEqualTo(1);
        assertThat(manager.cleanup().purgeArchive()).isZero();
        assertThat(archive.find(ended.get(4))).isEmpty();
        assertThat(archive.list(ArchiveQuery.all())).hasSize(4);
    }

    private static List<SandboxId> ids(List<ArchivedSandbox> page) {
        return page.stream().map(sandbox -> sandbox.info().id()).toList();
    }

    @Test
    void everyoneIsCleanedThoughOneCallInTwentyFailsAndAnotherHangs() {
        FaultPlan plan = FaultPlan.seeded(42);
        for (FaultPlan.Operation operation : List.of(
                FaultPlan.Operation.DESTROY,
                FaultPlan.Operation.STATE,
                FaultPlan.Operation.FIND,
                FaultPlan.Operation.USAGE)) {
            plan.sometimes(operation, Fault.of(Fault.Kind.UNAVAILABLE), 0.05)
                    .sometimes(operation, Fault.of(Fault.Kind.HANG), 0.05);
        }
        SandboxManager manager = rig.manager(
                backend -> FaultInjectingBackend.of(backend, plan),
                Rig.manual()
                        .providerTimeout(Duration.ofMillis(200))
                        .rateLimit(0)
                        .build());
        for (int i = 0; i < 200; i++) {
            manager.create(living(Duration.ofMinutes(1)));
        }
        int cleaned = 0;
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < 30 && cleaned < 200; i++) {
            rig.clock.advance(Duration.ofMinutes(6));
            CleanupReport report = manager.cleanup().run();
            cleaned += report.cleaned();
            report.problems().forEach(problem -> problems.add(problem.error()));
        }
        assertThat(cleaned).isEqualTo(200);
        assertThat(problems)
                .as("the plan has had its way: calls have failed, and others have hung")
                .anyMatch(problem -> problem.startsWith("planned_fault"))
                .anyMatch(problem -> problem.startsWith("call_stalled"));
        assertThat(rig.provider.resources()).isEmpty();
        assertThat(manager.list(SandboxQuery.all()).sandboxes()).isEmpty();
        assertThat(manager.cleanup().archive().list(ArchiveQuery.all().limit(1000)))
                .hasSize(200);
    }

    @Test
    void aSweepDoesNotWaitForAProviderThatHangs() {
        FaultPlan plan = FaultPlan.create();
        SandboxManager manager = rig.manager(
                backend -> FaultInjectingBackend.of(backend, plan),
                Rig.manual().providerTimeout(Duration.ofSeconds(3)).build());
        plan.next(FaultPlan.Operation.LIST, Fault.of(Fault.Kind.HANG));
        assertThat(manager.cleanup().sweep().failed()).isEqualTo(1);
        assertThat(manager.cleanup().sweep().failed()).isZero();
    }

    @Test
    void aFailedArchiveTransactionIsRolledBackAndRepeated() {
        SandboxManager manager = rig.manager();
        SandboxId id = manager.create(living(Duration.ofMinutes(1))).id();
        rig.clock.advance(Duration.ofMinutes(1));
        // the row goes and the history comes in one transaction: where there is a history already, neither happens
        rig.sql(
                "INSERT INTO sandkeeper_history SELECT id, version, backend, retention, lifetime, owner, session_key, image,"
                        + " spec, labels, creator, created_at, state, provider_ref, time_to_live, idle_timeout, expires_at,"
                        + " last_active_at, busy_until, due_at, settled_at, attempts, next_attempt_at, last_error, lease_owner,"
                        + " lease_until, fence, claimed_at, end_reason, end_policy, ended_by, usage_report, freed_bytes, audit, 0"
                        + " FROM sandkeeper_sandbox WHERE id = '" + id + "'");
        assertThat(manager.cleanup().run().failed()).isEqualTo(1);
        SandboxInfo left = manager.find(id).orElseThrow();
        assertThat(left.state()).isEqualTo(SandboxState.CLEANING);
        assertThat(left.cleanupAttempts()).isEqualTo(1);
        rig.sql("DELETE FROM sandkeeper_history WHERE id = '" + id + "'");
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(manager.find(id).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
    }

    @Test
    void theRateLimitSpreadsAStorm() {
        SandboxManager manager =
                rig.manager(UnaryOperator.identity(), Rig.manual().rateLimit(10).build());
        for (int i = 0; i < 12; i++) {
            manager.create(living(Duration.ofMinutes(1)));
        }
        rig.clock.advance(Duration.ofMinutes(1));
        long started = System.nanoTime();
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(12);
        assertThat(Duration.ofNanos(System.nanoTime() - started)).isGreaterThan(Duration.ofMillis(900));
    }

    @Test
    void anUnknownBackendIsAFailureOfThatSandboxAlone() {
        SandboxManager manager = rig.manager();
        SandboxId id = manager.create(living(Duration.ofMinutes(1))).id();
        SandboxId fine = manager.create(living(Duration.ofMinutes(1))).id();
        rig.sql("UPDATE sandkeeper_sandbox SET backend = 'elsewhere' WHERE id = '" + id + "'");
        rig.clock.advance(Duration.ofMinutes(1));
        CleanupReport report = manager.cleanup().run();
        assertThat(report.cleaned()).isEqualTo(1);
        assertThat(report.problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.error()).startsWith("backend_not_registered"));
        assertThat(manager.find(fine).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        assertThatThrownBy(() -> manager.cleanup().destroyResources(id)).isInstanceOf(SandboxException.class);
        rig.sql("UPDATE sandkeeper_sandbox SET backend = 'memory' WHERE id = '" + id + "'");
    }
}

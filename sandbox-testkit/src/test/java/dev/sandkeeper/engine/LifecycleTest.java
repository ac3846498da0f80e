package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Command;
import dev.sandkeeper.CommandFailedException;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.Retention;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.SandboxPage;
import dev.sandkeeper.SandboxProcess;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.SandboxTimeoutException;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.ForwardingBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private final Rig rig = new Rig();

    @AfterEach
    void nothingIsLeft() {
        rig.close();
    }

    @Test
    void aClosedOwnerLeavesHistoryAndNothingElse() {
        SandboxManager manager = rig.manager();
        SandboxId id;
        try (Sandbox sandbox = manager.create(SandboxSpec.builder()
                .owner("alice")
                .label("task", "42")
                .environment("TOKEN", "hush")
                .build())) {
            id = sandbox.id();
            assertThat(rig.provider.resources()).hasSize(1);
            assertThat(sandbox.info().state()).isEqualTo(SandboxState.ACTIVE);
            assertThat(sandbox.info().labels()).containsEntry("task", "42");
        }

        assertThat(rig.provider.resources()).isEmpty();
        SandboxInfo history = manager.find(id).orElseThrow();
        assertThat(history.state()).isEqualTo(SandboxState.CLEANED);
        assertThat(history.endReason()).contains("its handle was closed");
        assertThat(history.owner()).contains("alice");
        assertThat(manager.list(SandboxQuery.all()).sandboxes()).isEmpty();
        assertThat(rig.events(SandboxEvent.Created.class)).hasSize(1);
        assertThat(rig.events(SandboxEvent.Destroyed.class)).hasSize(1);
    }

    @Test
    void everyCallAfterTheEndSaysWhenAndWhy() {
        SandboxManager manager = rig.manager();
        Sandbox owner = manager.create(SandboxSpec.builder().build()).detach();
        Sandbox other = manager.connect(owner.id());
        owner.destroy();

        assertThatThrownBy(() -> other.exec("true")).isInstanceOfSatisfying(SandboxGoneException.class, e -> {
            assertThat(e.reason()).contains("the application destroyed it");
            assertThat(e.endedAt()).isPresent();
            assertThat(e.remedy()).isPresent();
        });
        assertThatThrownBy(() -> manager.connect(owner.id())).isInstanceOf(SandboxGoneException.class);
        assertThatThrownBy(() -> manager.renew(owner.id(), Duration.ofHours(1)))
                .isInstanceOf(SandboxGoneException.class);
        assertThatThrownBy(() -> owner.exec("true")).isInstanceOf(HandleClosedException.class);
        assertThatCode(owner::destroy).doesNotThrowAnyException();
        assertThatCode(owner::close).doesNotThrowAnyException();
        other.close();
    }

    @Test
    void anUnknownIdIsNotFoundEverywhere() {
        SandboxManager manager = rig.manager();
        SandboxId unknown = SandboxId.generate(0);

        assertThat(manager.find(unknown)).isEmpty();
        assertThatThrownBy(() -> manager.connect(unknown)).isInstanceOf(SandboxNotFoundException.class);
        assertThatThrownBy(() -> manager.destroy(unknown)).isInstanceOf(SandboxNotFoundException.class);
        assertThatThrownBy(() -> manager.renew(unknown, Duration.ofHours(1)))
                .isInstanceOf(SandboxNotFoundException.class)
                .hasMessageContaining(unknown.toString());
    }

    @Test
    void detachedAndConnectedHandlesOnlyLetGo() {
        SandboxManager manager = rig.manager();
        SandboxId id;
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build())) {
            id = sandbox.detach().id();
        }
        try (Sandbox connected = manager.connect(id)) {
            assertThat(connected.exec("echo", "hello").stdout()).isEqualTo("hello\n");
        }
        assertThat(rig.provider.resources()).hasSize(1);
        manager.destroy(id);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void anotherManagerConnectsUsesAndDestroys() {
        SandboxManager first = rig.manager();
        SandboxManager second = rig.manager();
        Sandbox sandbox = first.create(SandboxSpec.builder().build()).detach();
        sandbox.exec(Command.shell("echo kept > note"));

        try (Sandbox connected = second.connect(sandbox.id())) {
            assertThat(connected.exec("cat", "note").stdout()).isEqualTo("kept\n");
            connected.destroy();
        }
        assertThatThrownBy(() -> sandbox.exec("true")).isInstanceOf(SandboxGoneException.class);
    }

    @Test
    void resultsTellExitCodesStreamsAndDeadlines() {
        SandboxManager manager = rig.manager();
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build())) {
            ExecResult failed = sandbox.exec(Command.shell("echo out; echo err >&2; exit 3"));
            assertThat(failed.exitCode()).isEqualTo(3);
            assertThat(failed.stdout()).isEqualTo("out\n");
            assertThat(failed.stderr()).isEqualTo("err\n");
            assertThatThrownBy(failed::orThrow)
                    .isInstanceOfSatisfying(
                            CommandFailedException.class,
                            e -> assertThat(e.result()).isSameAs(failed));

            ExecResult late = sandbox.exec(Command.builder("sh", "-c", "echo begun; sleep 600")
                    .deadline(Duration.ofMillis(300))
                    .grace(Duration.ZERO)
                    .build());
            assertThat(late.timedOut()).isTrue();
            assertThat(late.stdout()).isEqualTo("begun\n");
            assertThat(late.duration()).isBetween(Duration.ofMillis(300), Duration.ofSeconds(10));

            ExecResult echoed = sandbox.exec(
                    Command.builder("cat").stdin("x".repeat(200_000)).build());
            assertThat(echoed.stdoutCapture().totalBytes()).isEqualTo(200_000);
        }
    }

    @Test
    void filesGoInAndComeOut() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        sandbox.files().write("input", "6 7");
        assertThat(sandbox.exec("cat", "input").stdout()).isEqualTo("6 7");
        sandbox.exec(Command.shell("echo 42 > output"));
        assertThat(sandbox.files().readString("output")).isEqualTo("42\n");
        sandbox.close();
        assertThatThrownBy(() -> sandbox.files().readString("output")).isInstanceOf(HandleClosedException.class);
    }

    @Test
    void anInterruptEndsTheCommandAndKeepsTheFlag() throws InterruptedException {
        SandboxManager manager = rig.manager();
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build())) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            AtomicReference<Boolean> flag = new AtomicReference<>();
            Thread caller = new Thread(() -> {
                try {
                    sandbox.exec("sleep", "600");
                } catch (SandboxException e) {
                    thrown.set(e);
                    flag.set(Thread.currentThread().isInterrupted());
                }
            });
            caller.start();
            await().until(() -> !rig.provider.resources().get(0).running().isEmpty());
            caller.interrupt();
            caller.join(5000);

            assertThat(thrown.get()).isInstanceOf(SandboxInterruptedException.class);
            assertThat(flag.get()).isTrue();
            assertThat(rig.provider.resources().get(0).running()).isEmpty();
        }
    }

    @Test
    void aProcessStreamsBothWays() throws IOException {
        SandboxManager manager = rig.manager();
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build());
                SandboxProcess process = sandbox.start(Command.of("cat"))) {
            process.stdin().write("one\n".getBytes(StandardCharsets.UTF_8));
            process.stdin().flush();
            assertThat(process.stdout().readNBytes(4)).asString().isEqualTo("one\n");
            assertThat(process.isAlive()).isTrue();
            process.stdin().close();

            assertThat(process.waitFor().exitCode()).isZero();
            assertThat(process.stdout().read()).isEqualTo(-1);
            assertThat(process.onExit()).isCompleted();
        }
    }

    @Test
    void aClosedProcessHasEnded() {
        SandboxManager manager = rig.manager();
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build())) {
            SandboxProcess process = sandbox.start(Command.of("sleep", "600"));
            process.close();
            process.close();
            await().until(() -> !process.isAlive());
            assertThat(rig.provider.resources().get(0).running()).isEmpty();
        }
    }

    @Test
    void closingWhileACommandRunsEndsIt() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        SandboxProcess process = sandbox.start(Command.of("sleep", "600"));
        sandbox.close();

        await().until(() -> !process.isAlive());
        assertThat(rig.provider.resources()).isEmpty();
        process.close();
    }

    @Test
    void aRefusedCreateLeavesNothing() {
        SandboxManager manager = rig.manager();

        assertThatThrownBy(() -> manager.create(
                        SandboxSpec.builder().image("missing/image").build()))
                .isInstanceOf(BackendRejectedException.class);
        manager.cleanup().run();

        assertThat(manager.list(SandboxQuery.all()).sandboxes()).isEmpty();
        SandboxEvent.CreateFailed event =
                rig.events(SandboxEvent.CreateFailed.class).get(0);
        assertThat(manager.find(event.id()).orElseThrow().endPolicy()).contains("create_failed");
    }

    @Test
    void aCreateWhoseAnswerIsLostIsFoundByItsIdAndDestroyed() {
        SandboxManager manager = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public BackendSandbox create(ProvisionRequest request) {
                        super.create(request).close();
                        throw new OutcomeUnknownException(Failure.of("answer_lost", "the answer was lost"));
                    }
                },
                Rig.manual().build());

        assertThatThrownBy(() -> manager.create(SandboxSpec.builder().build()))
                .isInstanceOf(OutcomeUnknownException.class);
        assertThat(rig.provider.resources()).hasSize(1);
        manager.cleanup().run();
        assertThat(rig.provider.resources()).isEmpty();
        assertThat(manager.list(SandboxQuery.all()).sandboxes())
                .as("it is watched until no create can take effect any more")
                .hasSize(1);

        rig.clock.advance(Duration.ofSeconds(31));
        manager.cleanup().run();
        assertThat(manager.list(SandboxQuery.all()).sandboxes()).isEmpty();
    }

    @Test
    void aStallingCreateReturnsInTimeAndWhatComesLateIsDestroyed() {
        CountDownLatch answer = new CountDownLatch(1);
        SandboxManager manager = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public BackendSandbox create(ProvisionRequest request) {
                        boolean answered = false;
                        while (!answered) {
                            try {
                                answer.await();
                                answered = true;
                            } catch (InterruptedException e) {
                                // A provider that cannot be interrupted.
                            }
                        }
                        return super.create(request);
                    }
                },
                Rig.manual().build());

        assertThatThrownBy(() -> manager.create(SandboxSpec.builder()
                        .createTimeout(Duration.ofMillis(100))
                        .build()))
                .isInstanceOf(SandboxTimeoutException.class)
                .hasMessageContaining("createTimeout");
        answer.countDown();

        await().until(() -> rig.provider.journal().size() == 2);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void aCreateWhoseRowWasEndedMeanwhileDestroysWhatItMade() {
        AtomicReference<SandboxManager> other = new AtomicReference<>(rig.manager());
        SandboxManager manager = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public BackendSandbox create(ProvisionRequest request) {
                        other.get().destroy(request.sandboxId());
                        return super.create(request);
                    }
                },
                Rig.manual().build());

        assertThatThrownBy(() -> manager.create(SandboxSpec.builder().build()))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("ended while it was created");
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void renewalSavesWhatHasExpiredUntilSomebodyCleansIt() {
        SandboxManager manager = rig.manager();
        Sandbox sandbox = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        rig.clock.advance(Duration.ofMinutes(2));
        assertThat(manager.renew(sandbox.id(), Duration.ofMinutes(5)))
                .isEqualTo(rig.clock.instant().plus(Duration.ofMinutes(5)));
        assertThat(manager.cleanup().run().cleaned()).isZero();
        assertThat(sandbox.exec("true").exitCode()).isZero();

        rig.clock.advance(Duration.ofMinutes(6));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThatThrownBy(() -> sandbox.renew(Duration.ofMinutes(5))).isInstanceOf(SandboxGoneException.class);
        sandbox.close();
    }

    @Test
    void pausingAndResumingGoThroughTheRow() {
        SandboxManager manager = rig.manager();
        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build())) {
            sandbox.pause();
            sandbox.pause();
            assertThat(sandbox.info().state()).isEqualTo(SandboxState.PAUSED);
            assertThatThrownBy(() -> manager.connect(sandbox.id())).hasMessageContaining("PAUSED");
            sandbox.resume();
            assertThat(sandbox.info().state()).isEqualTo(SandboxState.ACTIVE);
            assertThat(sandbox.exec("true").exitCode()).isZero();
        }
    }

    @Test
    void processLifetimeExcludesDetachAndPause() {
        SandboxManager manager = rig.manager();
        try (Sandbox sandbox =
                manager.create(SandboxSpec.builder().lifetime(Lifetime.PROCESS).build())) {
            assertThatThrownBy(sandbox::detach).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(sandbox::pause).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void closingTheManagerDestroysProcessSandboxesAndLeavesStoreOnes() {
        SandboxManager manager = rig.manager();
        Sandbox process =
                manager.create(SandboxSpec.builder().lifetime(Lifetime.PROCESS).build());
        Sandbox store = manager.create(SandboxSpec.builder().build());
        manager.close();
        manager.close();

        assertThat(rig.provider.resources())
                .singleElement()
                .satisfies(left -> assertThat(left.sandboxId()).isEqualTo(store.id()));
        assertThatThrownBy(() -> manager.create(SandboxSpec.builder().build()))
                .isInstanceOf(HandleClosedException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> process.exec("true")).isInstanceOf(SandboxException.class);

        SandboxManager next = rig.manager();
        try (Sandbox connected = next.connect(store.id())) {
            connected.destroy();
        }
    }

    @Test
    void adoptsWhatItDidNotMake() {
        SandboxManager manager = rig.manager();
        BackendSandbox foreign = rig.backend()
                .create(new ProvisionRequest(
                        "elsewhere",
                        SandboxId.generate(1),
                        rig.clock.instant(),
                        null,
                        SandboxSpec.builder().build(),
                        java.util.Map.of(),
                        message -> {}));
        Sandbox adopted = manager.adopt(
                "memory",
                foreign.providerRef(),
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        assertThat(adopted.exec("true").exitCode()).isZero();
        assertThat(adopted.info().audit()).extracting(AuditEntry::event).containsExactly("adopted");
        assertThatThrownBy(() -> manager.adopt(
                        "memory", foreign.providerRef(), SandboxSpec.builder().build()))
                .as("one resource has one row")
                .isInstanceOf(SandboxConflictException.class)
                .hasMessageContaining(adopted.id().toString());
        adopted.close();
        assertThat(rig.provider.resources()).hasSize(1);

        rig.clock.advance(Duration.ofMinutes(2));
        manager.cleanup().run();
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void secretsReachTheCommandAndNothingElse() {
        SandboxManager manager = rig.manager(b -> b, Rig.manual().build(), b -> b.secrets(name -> "s3cr3t-" + name));
        try (Sandbox sandbox =
                manager.create(SandboxSpec.builder().secret("KEY").build())) {
            assertThat(sandbox.exec(Command.shell("echo $KEY")).stdout()).isEqualTo("s3cr3t-KEY\n");
            assertThat(sandbox.info().toString() + rig.events).doesNotContain("s3cr3t");
            assertThat(rig.store().rows().find(sandbox.id()).orElseThrow().spec())
                    .contains("KEY")
                    .doesNotContain("s3cr3t");
        }
        SandboxManager without = rig.manager();
        assertThatThrownBy(
                        () -> without.create(SandboxSpec.builder().secret("KEY").build()))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("SecretSource");
    }

    @Test
    void listsByOwnerStateAndLabelInPages() {
        SandboxManager manager = rig.manager();
        for (int i = 0; i < 5; i++) {
            manager.create(SandboxSpec.builder()
                    .owner(i % 2 == 0 ? "even" : "odd")
                    .label("number", "n" + i)
                    .retention(Retention.PERMANENT)
                    .build());
        }
        SandboxPage first = manager.list(SandboxQuery.builder().limit(3).build());
        SandboxPage second = manager.list(SandboxQuery.builder()
                .limit(3)
                .after(first.next().orElseThrow())
                .build());
        assertThat(first.sandboxes()).hasSize(3);
        assertThat(second.sandboxes()).hasSize(2);
        assertThat(second.next()).isEmpty();
        assertThat(manager.list(SandboxQuery.builder().owner("odd").build()).sandboxes())
                .hasSize(2);
        assertThat(manager.list(SandboxQuery.builder().label("number", "n3").build())
                        .sandboxes())
                .hasSize(1);
        assertThat(manager.list(SandboxQuery.builder()
                                .state(SandboxState.PAUSED)
                                .build())
                        .sandboxes())
                .isEmpty();
        List<SandboxInfo> all = manager.list(SandboxQuery.all()).sandboxes();
        all.forEach(info -> manager.destroy(info.id()));
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void aFailedDestroyIsReportedAndTriedAgain() {
        AtomicReference<Boolean> broken = new AtomicReference<>(true);
        SandboxManager manager = rig.manager(
                backend -> new ForwardingBackend(backend) {
                    @Override
                    public void destroy(String providerRef) {
                        if (broken.get()) {
                            throw new BackendUnavailableException(Failure.of("down", "the provider is down"));
                        }
                        super.destroy(providerRef);
                    }
                },
                Rig.manual().build());
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        assertThatThrownBy(sandbox::destroy).isInstanceOf(BackendUnavailableException.class);
        assertThat(manager.find(sandbox.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANING);
        assertThat(manager.find(sandbox.id()).orElseThrow().lastError())
                .hasValueSatisfying(error -> assertThat(error).contains("the provider is down"));

        broken.set(false);
        rig.clock.advance(Duration.ofSeconds(2));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(rig.provider.resources()).isEmpty();
    }

    @Test
    void buildingWithoutABackendOrAStoreSaysWhatIsMissing() {
        assertThatThrownBy(() -> SandboxManager.builder().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("backend");
        assertThatThrownBy(() -> SandboxManager.builder().backend(rig.backend()).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("store");
        assertThatThrownBy(() -> SandboxManager.builder().backend(rig.backend()).backend(rig.backend()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("memory");
        SandboxManager manager = rig.manager();
        assertThatThrownBy(() ->
                        manager.create(SandboxSpec.builder().backend("docker").build()))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("\"docker\"")
                .hasMessageContaining("memory");
    }
}

package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.Failure;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.FaultPlan.Operation;
import dev.sandkeeper.testkit.internal.MachineTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Any backend, with faults as planned. Whoever loses an answer here cannot reach the sandbox but by finding it again: the
 * handle of a create whose answer was lost stays inside, and is closed with this backend. What is {@link Fault.Kind#LATE} is
 * not done any more once this backend is closed; to see it happen after the death of a JVM, run it in an
 * {@link InMemoryProviderServer}. Safe from many threads.
 */
public final class FaultInjectingBackend extends ForwardingBackend {
    private final FaultPlan plan;
    private final MachineTime time;
    private final LaggingView view = new LaggingView();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Queue<BackendSandbox> lost = new ConcurrentLinkedQueue<>();
    private final Queue<Runnable> late = new ConcurrentLinkedQueue<>();

    private FaultInjectingBackend(SandboxBackend delegate, FaultPlan plan, MachineTime time) {
        super(delegate);
        this.plan = plan;
        this.time = time;
    }

    /**
     * Wraps a backend; delays take real time.
     *
     * @param delegate the backend; closed with this one
     * @param plan what goes wrong
     * @return the wrapped backend
     */
    public static FaultInjectingBackend of(SandboxBackend delegate, FaultPlan plan) {
        return of(delegate, plan, Clock.systemUTC());
    }

    /**
     * Wraps a backend.
     *
     * @param delegate the backend; closed with this one
     * @param plan what goes wrong
     * @param clock what lists lag by; a {@link MutableClock} drives every delay too
     * @return the wrapped backend
     */
    public static FaultInjectingBackend of(SandboxBackend delegate, FaultPlan plan, Clock clock) {
        return new FaultInjectingBackend(delegate, plan, Times.of(clock));
    }

    @Override
    public BackendSandbox create(ProvisionRequest request) {
        Fault fault = plan.begin(Operation.CREATE);
        if (fault != null && fault.kind() == Fault.Kind.LATE) {
            late.add(time.after(fault.time(), () -> lost.add(delegate.create(request))));
            throw unknown(request.sandboxId());
        }
        if (fault != null && fault.kind() == Fault.Kind.LOST_ANSWER) {
            lost.add(delegate.create(request));
            throw unknown(request.sandboxId());
        }
        BackendSandbox created = call(Operation.CREATE, fault, () -> delegate.create(request));
        look(request.deployment());
        return new FaultySandbox(created);
    }

    private OutcomeUnknownException unknown(SandboxId id) {
        return new OutcomeUnknownException(Failure.of("answer_lost", "the answer to a create was lost")
                .backend(name())
                .sandbox(id));
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        Fault fault = plan.begin(Operation.FIND);
        return is(fault, Fault.Kind.NOT_FOUND)
                ? Optional.empty()
                : call(Operation.FIND, fault, () -> delegate.find(deployment, sandboxId));
    }

    /** A state that cannot be asked for is unknown: the SPI says so. */
    @Override
    public ProviderState state(String providerRef) {
        Fault fault = plan.begin(Operation.STATE);
        if (is(fault, Fault.Kind.NOT_FOUND)) {
            return ProviderState.GONE;
        }
        if (is(fault, Fault.Kind.UNKNOWN_STATE)) {
            return ProviderState.UNKNOWN;
        }
        try {
            return call(Operation.STATE, fault, () -> delegate.state(providerRef));
        } catch (BackendUnavailableException | BackendRejectedException e) {
            return ProviderState.UNKNOWN;
        }
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        Fault fault = plan.begin(Operation.ATTACH);
        if (is(fault, Fault.Kind.NOT_FOUND)) {
            throw new SandboxGoneException(
                    null,
                    null,
                    Failure.of("sandbox_gone", "there is no sandbox " + providerRef)
                            .backend(name()));
        }
        return new FaultySandbox(call(Operation.ATTACH, fault, () -> delegate.attach(providerRef)));
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        return call(Operation.TERMINATE, plan.begin(Operation.TERMINATE), () -> delegate.terminate(providerRef, grace));
    }

    @Override
    public void destroy(String providerRef) {
        Fault fault = plan.begin(Operation.DESTROY);
        if (!is(fault, Fault.Kind.NOT_FOUND)) {
            run(Operation.DESTROY, fault, () -> delegate.destroy(providerRef));
        }
    }

    @Override
    public Duration expiryHorizon() {
        return delegate.expiryHorizon();
    }

    @Override
    public Instant extend(String providerRef, Instant until) {
        return call(Operation.EXTEND, plan.begin(Operation.EXTEND), () -> delegate.extend(providerRef, until));
    }

    @Override
    public void pause(String providerRef) {
        run(Operation.PAUSE, plan.begin(Operation.PAUSE), () -> delegate.pause(providerRef));
    }

    @Override
    public void resume(String providerRef) {
        run(Operation.RESUME, plan.begin(Operation.RESUME), () -> delegate.resume(providerRef));
    }

    @Override
    public Snapshot snapshot(String deployment, String providerRef, String name) {
        Fault fault = plan.begin(Operation.SNAPSHOT);
        if (is(fault, Fault.Kind.LOST_ANSWER)) {
            delegate.snapshot(deployment, providerRef, name);
            throw new OutcomeUnknownException(Failure.of("answer_lost", "the answer to a snapshot was lost")
                    .backend(name()));
        }
        return call(Operation.SNAPSHOT, fault, () -> delegate.snapshot(deployment, providerRef, name));
    }

    @Override
    public List<Snapshot> snapshots(String deployment) {
        Fault fault = plan.begin(Operation.LIST_SNAPSHOTS);
        return is(fault, Fault.Kind.NOT_FOUND)
                ? List.of()
                : call(Operation.LIST_SNAPSHOTS, fault, () -> delegate.snapshots(deployment));
    }

    @Override
    public void deleteSnapshot(String deployment, String image) {
        Fault fault = plan.begin(Operation.DELETE_SNAPSHOT);
        if (!is(fault, Fault.Kind.NOT_FOUND)) {
            run(Operation.DELETE_SNAPSHOT, fault, () -> delegate.deleteSnapshot(deployment, image));
        }
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        Fault fault = plan.begin(Operation.LIST);
        if (fault == null) {
            return look(deployment);
        }
        return switch (fault.kind()) {
            case NOT_FOUND -> new OwnedListing(List.of(), true);
            case LAGGING_LIST, LYING_LIST -> {
                look(deployment);
                yield new OwnedListing(
                        view.asOf(deployment, time.now(), fault.time()), fault.kind() == Fault.Kind.LYING_LIST);
            }
            case CUT_LIST -> {
                OwnedListing all = look(deployment);
                yield new OwnedListing(
                        all.resources().subList(0, all.resources().size() / 2), false);
            }
            default -> call(Operation.LIST, fault, () -> look(deployment));
        };
    }

    private OwnedListing look(String deployment) {
        OwnedListing now = delegate.listOwned(deployment);
        view.observe(deployment, now, time.now());
        return now;
    }

    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        return call(Operation.USAGE, plan.begin(Operation.USAGE), () -> delegate.usage(providerRef));
    }

    @Override
    public BackendHealth health() {
        Fault fault = plan.begin(Operation.HEALTH);
        return fault == null ? delegate.health() : new BackendHealth(false, "a planned fault: " + fault.kind());
    }

    @Override
    public void close() {
        closed.countDown();
        late.forEach(Runnable::run);
        lost.forEach(BackendSandbox::close);
        delegate.close();
    }

    private static boolean is(@Nullable Fault fault, Fault.Kind kind) {
        return fault != null && fault.kind() == kind;
    }

    private void run(Operation operation, @Nullable Fault fault, Runnable action) {
        if (fault != null && fault.kind() == Fault.Kind.LATE) {
            late.add(time.after(fault.time(), action));
            throw unavailable(operation, fault);
        }
        call(operation, fault, () -> {
            action.run();
            return true;
        });
    }

    private <T> T call(Operation operation, @Nullable Fault fault, Supplier<T> action) {
        if (fault == null) {
            return action.get();
        }
        switch (fault.kind()) {
            case SLOW -> {
                sleep(fault.time());
                return action.get();
            }
            case LOST_ANSWER -> {
                T unheard = action.get();
                if (unheard instanceof BackendSandbox sandbox) {
                    lost.add(sandbox);
                }
            }
            case STALL -> sleep(fault.time());
            case HANG -> await(closed);
            case REJECTED ->
                throw new BackendRejectedException(
                        Failure.of("planned_refusal", "a planned fault: " + operation + " is refused")
                                .backend(name()));
            default -> {}
        }
        throw unavailable(operation, fault);
    }

    private BackendUnavailableException unavailable(Operation operation, Fault fault) {
        return new BackendUnavailableException(
                Failure.of("planned_fault", "a planned fault: " + operation + " " + fault.kind())
                        .backend(name()));
    }

    private void sleep(Duration duration) {
        CountDownLatch over = new CountDownLatch(1);
        Runnable cancel = time.after(duration, over::countDown);
        try {
            await(over);
        } finally {
            cancel.run();
        }
    }

    private void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(Failure.of("interrupted", "interrupted while the provider was silent")
                    .backend(name())
                    .cause(e));
        }
    }

    private final class FaultySandbox implements BackendSandbox {
        private final BackendSandbox connected;

        FaultySandbox(BackendSandbox connected) {
            this.connected = connected;
        }

        @Override
        public String providerRef() {
            return connected.providerRef();
        }

        @Override
        public BackendProcess start(ProcessRequest request) {
            Fault fault = plan.begin(Operation.START);
            return fault == null
                    ? connected.start(request)
                    : call(Operation.START, fault, () -> connected.start(request));
        }

        @Override
        public BackendFiles files() {
            return connected.files();
        }

        @Override
        public BackendBackground background() {
            return connected.background();
        }

        @Override
        public Endpoint endpoint(int port) {
            return connected.endpoint(port);
        }

        @Override
        public OptionalLong workspaceBytes() {
            return connected.workspaceBytes();
        }

        @Override
        public boolean killedForMemory() {
            return connected.killedForMemory();
        }

        @Override
        public void close() {
            connected.close();
        }
    }
}

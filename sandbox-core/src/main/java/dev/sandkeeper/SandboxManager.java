package dev.sandkeeper;

import dev.sandkeeper.cleanup.Cleanup;
import dev.sandkeeper.cleanup.CleanupPolicy;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.WorkflowCleanup;
import dev.sandkeeper.internal.Adoption;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.ProviderEnd;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.internal.Transition;
import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates sandboxes, finds them again, and makes sure that they end. One per application, over one store and one backend
 * or several; safe from many threads. Any number of JVMs may have a manager over the same deployment's store.
 *
 * <p>A manager owns what it was given: {@link #close()} closes the backends and the store. It has one timer thread and as
 * many workers as there is work for, all daemons.
 */
public final class SandboxManager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxManager.class);
    private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);

    private final Map<String, SandboxBackend> backends;
    private final SandboxStore store;
    private final SandboxRows rows;
    private final String jvm;
    private final Duration defaultTimeToLive;
    private final Duration extendedTimeToLive;
    private final Listeners listeners;
    private final ScheduledThreadPoolExecutor timer;
    private final ExecutorService workers;
    private final Cleanup cleanup;
    private final WorkflowCleanup workflows;
    private final ActivityTracker activity;
    private final Provisioner provisioner;
    private final Map<SandboxId, Set<Sandbox>> handles = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private SandboxManager(Builder b, SandboxStore store) {
        this.backends = new LinkedHashMap<>(b.backends);
        this.store = store;
        this.rows = store.rows();
        this.jvm = "jvm/" + ProcessHandle.current().pid() + "/"
                + UUID.randomUUID().toString().substring(0, 8);
        this.defaultTimeToLive = b.defaultTimeToLive;
        this.extendedTimeToLive = b.extendedTimeToLive;
        this.listeners = new Listeners(b.listeners);
        this.timer = new ScheduledThreadPoolExecutor(1, Workers.daemons("sandkeeper-timer"));
        this.timer.setRemoveOnCancelPolicy(true);
        this.workers = Workers.create("sandkeeper-worker");
        EngineContext context =
                new EngineContext(rows, backends, jvm, timer, workers, listeners, !listeners.isEmpty(), this::ending);
        this.cleanup = new Cleanup(context, b.policy, b.cleanupSettings);
        this.workflows = new WorkflowCleanup(cleanup, context);
        Duration lease = b.cleanupSettings.lease();
        this.activity = new ActivityTracker(rows, jvm, lease, timer, workers, this::lost);
        this.provisioner = new Provisioner(rows, cleanup, activity, workers, listeners, jvm, lease, b.secrets);
    }

    /**
     * Starts a manager.
     *
     * @return a new builder; it needs at least one backend and a store
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Creates a sandbox and waits until it takes commands. Its row is in the store before the provider is asked; if
     * anything goes wrong, this JVM's end included, what was made is found and destroyed.
     *
     * @param spec what it should be like
     * @return a handle that owns it: closing the handle destroys the sandbox
     * @throws SpecInvalidException if the spec breaks a rule
     * @throws CapabilityMissingException if the spec needs what the backend lacks
     * @throws BackendRejectedException if the provider refused, as for an image that does not exist
     * @throws BackendUnavailableException if the provider could not be reached
     * @throws OutcomeUnknownException if the provider's answer was lost; what was made is destroyed
     * @throws SandboxTimeoutException if it took longer than {@link SandboxSpec#createTimeout()}
     * @throws SandboxInterruptedException if the calling thread was interrupted
     * @throws StoreUnavailableException if the store did not answer; the provider was not asked then
     */
    public Sandbox create(SandboxSpec spec) {
        refuseIfClosed();
        SandboxBackend backend = backend(spec.backend().orElse(null));
        Provisioner.Provisioned made = provisioner.provision(backend, spec, timeToLive(spec));
        Sandbox sandbox;
        try {
            sandbox = handle(made.row(), made.connection(), true);
        } catch (RuntimeException e) {
            made.connection().close();
            destroyQuietly(made.row().id(), "its handle could not be made");
            throw e;
        }
        listeners.accept(new SandboxEvent.Created(Infos.of(made.row()), made.took()));
        cleanup.wake();
        return sandbox;
    }

    /**
     * Takes over a resource that exists at a provider and that Sandkeeper did not make: it gets a row and ends by its
     * policy. It has none of our labels, so no sweep will ever find it; only its row does.
     *
     * @param backend the backend's name
     * @param providerRef the provider's name for it
     * @param spec its times, owner and labels; what else it says is recorded and changes nothing
     * @return a handle that does not own it
     * @throws SandboxGoneException if the provider has no such resource
     * @throws SandboxConflictException if a live sandbox of this deployment is that resource already
     */
    public Sandbox adopt(String backend, String providerRef, SandboxSpec spec) {
        refuseIfClosed();
        SandboxBackend chosen = backend(backend);
        BackendSandbox connection = chosen.attach(providerRef);
        try {
            Duration timeToLive = timeToLive(spec);
            Instant now = rows.now();
            SandboxRow inserted = Adoption.adopt(rows, provisioner.creation(chosen, spec, now), providerRef, made -> {
                SandboxRow row = made.change()
                        .state(SandboxState.ACTIVE)
                        .timeToLive(timeToLive)
                        .idleTimeout(spec.idleTimeout().orElse(null))
                        .expiresAt(timeToLive == null ? null : now.plus(timeToLive))
                        .build();
                // the engine has yet to learn, and to move, the end that the provider keeps
                Instant due = ProviderEnd.isKeptBy(chosen) ? now : cleanup.dueAt(row, now);
                return row.change().dueAt(due).build();
            });
            cleanup.wake();
            return handle(inserted, connection, false);
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /**
     * Connects to a sandbox of this deployment, whichever JVM created it.
     *
     * @param id the sandbox
     * @return a handle that does not own it: closing it lets go
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxGoneException if it has ended, must end, or the provider has it no more
     * @throws SandboxConflictException if it is still being created, paused or resumed, or is paused
     * @throws BackendUnavailableException if the provider could not be reached
     */
    public Sandbox connect(SandboxId id) {
        refuseIfClosed();
        SandboxRow row = liveRow(id);
        if (row.state() == SandboxState.EXPIRED) {
            throw gone(row);
        }
        String ref = row.providerRef();
        if (row.state() != SandboxState.ACTIVE || ref == null) {
            throw conflict(row, "takes no commands now: it is " + row.state());
        }
        SandboxBackend backend = backend(row.backend());
        BackendSandbox connection;
        try {
            connection = backend.attach(ref);
        } catch (SandboxGoneException e) {
            throw explain(id, e);
        }
        try {
            Sandbox sandbox = handle(row, connection, false);
            if (rows.touch(Map.of(id, Optional.empty())).contains(id)) {
                sandbox.letGo();
                throw gone(id, null);
            }
            return sandbox;
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /**
     * Reads what the store knows of a sandbox, live or ended.
     *
     * @param id the sandbox
     * @return the info, or nothing if no row and no history has the id
     * @throws StoreUnavailableException if the store did not answer
     */
    public Optional<SandboxInfo> find(SandboxId id) {
        refuseIfClosed();
        return rows.find(id).map(Infos::of).or(() -> rows.findHistory(id).map(Infos::of));
    }

    /**
     * Lists live sandboxes, a page at a time. Sandboxes that come or go meanwhile may or may not be in it.
     *
     * @param query which ones, and from where on
     * @return a page
     * @throws StoreUnavailableException if the store did not answer
     */
    public SandboxPage list(SandboxQuery query) {
        refuseIfClosed();
        SandboxRows.RowFilter filter = new SandboxRows.RowFilter(
                query.backend().orElse(null),
                query.owner().orElse(null),
                query.states(),
                query.labels(),
                query.createdBefore().orElse(null));
        List<SandboxRow> page = rows.list(filter, query.after().orElse(null), query.limit());
        Optional<SandboxId> next = page.size() < query.limit()
                ? Optional.empty()
                : Optional.of(page.get(page.size() - 1).id());
        return new SandboxPage(page.stream().map(Infos::of).toList(), next);
    }

    /**
     * Gives a sandbox another life of this length from now on. One that a policy has expired already is saved, as long as
     * nobody has begun to clean it.
     *
     * @param id the sandbox
     * @param timeToLive from 1 millisecond to 3,650 days
     * @return when it ends now: earlier than asked for, where the provider keeps an end itself and grants no more, as where a
     *     plan bounds how long a sandbox runs
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxGoneException if it has ended, or somebody cleans it
     * @throws SandboxConflictException if others changed it again and again meanwhile
     */
    public Instant renew(SandboxId id, Duration timeToLive) {
        refuseIfClosed();
        Durations.checked("timeToLive", timeToLive);
        for (int attempt = 0; attempt < 100; attempt++) {
            SandboxRow row = liveRow(id);
            if (row.state() == SandboxState.PROVISIONING) {
                throw conflict(row, "cannot be renewed yet: it is being created");
            }
            Instant now = rows.now();
            Instant end = now.plus(timeToLive);
            SandboxBackend backend = backend(row.backend());
            String ref = row.providerRef();
            if (ref != null && ProviderEnd.isKeptBy(backend)) {
                end = ProviderEnd.renew(backend, ref, end, now);
            }
            SandboxRow next = row.change()
                    .state(row.state() == SandboxState.EXPIRED ? SandboxState.ACTIVE : row.state())
                    .timeToLive(timeToLive)
                    .expiresAt(end)
                    .lastActiveAt(now)
                    .end(null, null, null)
                    .build();
            if (rows.compareAndSet(next.change().dueAt(cleanup.dueAt(next, now)).build())
                    .isPresent()) {
                handlesOf(id).forEach(Sandbox::revive);
                return end;
            }
        }
        throw conflict(liveRow(id), "could not be renewed: others changed it again and again");
    }

    /**
     * Ends a sandbox now, whatever its policy says, and waits until nothing of it is left. May be repeated.
     *
     * @param id the sandbox
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxException if it could not be established that nothing is left; the cleanup engine goes on trying
     */
    public void destroy(SandboxId id) {
        refuseIfClosed();
        cleanup.destroy(id, "the application destroyed it");
    }

    /**
     * Lists the snapshots that this deployment has at a backend, whichever JVM made them, also those whose making was not heard of.
     * None of them ends by itself: see {@link Sandbox#snapshot}.
     *
     * @param backend the backend's name
     * @return the snapshots, sorted by name
     * @throws SpecInvalidException if no backend has that name
     * @throws CapabilityMissingException if the backend lacks {@link Capability#SNAPSHOT}
     * @throws BackendUnavailableException if the provider did not answer
     */
    public List<Snapshot> snapshots(String backend) {
        refuseIfClosed();
        return withSnapshots(backend(backend), null).snapshots(rows.deployment()).stream()
                .sorted(Comparator.comparing(Snapshot::name))
                .toList();
    }

    /**
     * Deletes a snapshot. Sandboxes that were created from it live on. May be repeated: one that is gone is no error, and one of
     * another deployment is left alone.
     *
     * @param snapshot what {@link Sandbox#snapshot} or {@link #snapshots} has answered, in this JVM or another one
     * @throws SpecInvalidException if there is no backend of its name
     * @throws CapabilityMissingException if the backend lacks {@link Capability#SNAPSHOT}
     * @throws BackendUnavailableException if the provider did not answer, or it is not known to be gone
     * @throws BackendRejectedException if the provider refused
     */
    public void deleteSnapshot(Snapshot snapshot) {
        refuseIfClosed();
        withSnapshots(backend(snapshot.backend()), null).deleteSnapshot(rows.deployment(), snapshot.image());
    }

    /**
     * The cleanup engine.
     *
     * @return always the same object
     */
    public Cleanup cleanup() {
        return cleanup;
    }

    /**
     * Deletes the sandboxes of workflows that have succeeded.
     *
     * @return always the same object
     */
    public WorkflowCleanup workflows() {
        return workflows;
    }

    /**
     * Asks the store and every backend how they are. Never throws for a fault of theirs.
     *
     * @return whether this manager can do its work now
     */
    public ManagerHealth health() {
        refuseIfClosed();
        Map<String, BackendHealth> health = new LinkedHashMap<>();
        backends.forEach((name, backend) -> health.put(name, backend.health()));
        try {
            rows.now();
            return new ManagerHealth(true, "deployment " + rows.deployment(), health);
        } catch (StoreUnavailableException e) {
            return new ManagerHealth(false, String.valueOf(e.getMessage()), health);
        }
    }

    /**
     * Stops: no new work, cleanings under way finish or give their lease back, sandboxes of {@link Lifetime#PROCESS} are
     * destroyed, those of {@link Lifetime#STORE} live on. Closes the backends and the store. Takes about 20 seconds at
     * most. Idempotent; never throws for a fault of theirs.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        List<Future<?>> endings = new ArrayList<>();
        for (Sandbox sandbox : allHandles()) {
            if (sandbox.lifetime() == Lifetime.PROCESS) {
                submit(() -> destroyQuietly(sandbox.id(), "its manager was closed"))
                        .ifPresent(endings::add);
            }
        }
        endings.forEach(SandboxManager::await);
        workflows.stop();
        boolean idle = cleanup.stop(CLOSE_BOUND);
        if (!idle) {
            LOG.warn("closed while a cleaning was under way; another start goes on with it");
        }
        allHandles().forEach(Sandbox::letGo);
        try {
            activity.stop();
        } catch (SandboxException e) {
            LOG.debug("could not tell the last activity", e);
        }
        timer.shutdownNow();
        workers.shutdownNow();
        backends.values().forEach(SandboxBackend::close);
        store.close();
    }

    private static void await(Future<?> task) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + CLOSE_BOUND.toNanos();
        try {
            while (true) {
                try {
                    task.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    LOG.debug("a task failed", e);
                    return;
                } catch (TimeoutException e) {
                    LOG.debug("a task takes longer than {}; the cleanup engine goes on", CLOSE_BOUND);
                    return;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    void pause(SandboxId id) {
        transition(id, SandboxState.ACTIVE, SandboxState.PAUSING, SandboxState.PAUSED, SandboxBackend::pause);
    }

    void resume(SandboxId id) {
        transition(id, SandboxState.PAUSED, SandboxState.RESUMING, SandboxState.ACTIVE, SandboxBackend::resume);
    }

    /** One step of a backend between two states. */
    private interface Step {
        void take(SandboxBackend backend, String providerRef);
    }

    private void transition(SandboxId id, SandboxState from, SandboxState through, SandboxState to, Step step) {
        SandboxRow row = liveRow(id);
        SandboxBackend backend = backend(row.backend());
        String ref = row.providerRef();
        if (row.state() == to) {
            return;
        }
        require(backend, Capability.PAUSE, id, "Destroy the sandbox instead, or choose a backend that can pause");
        if (row.state() != from || ref == null) {
            throw conflict(row, "is not " + from + " but " + row.state());
        }
        Optional<SandboxRow> taken = new Transition(rows, cleanup::dueAt)
                .take(
                        row,
                        through,
                        "the application asked for it",
                        () -> step.take(backend, ref),
                        () -> backend.state(ref));
        if (taken.isEmpty()) {
            throw conflict(row, "was changed by somebody else at the same time");
        }
    }

    Snapshot snapshot(SandboxId id, String name) {
        SandboxRow row = liveRow(id);
        SandboxBackend backend = withSnapshots(backend(row.backend()), id);
        if (row.state() == SandboxState.EXPIRED) {
            throw gone(row);
        }
        String ref = row.providerRef();
        if (row.state() != SandboxState.ACTIVE || ref == null) {
            throw conflict(row, "takes no snapshot now: it is " + row.state());
        }
        return backend.snapshot(rows.deployment(), ref, name);
    }

    private static SandboxBackend withSnapshots(SandboxBackend backend, @Nullable SandboxId id) {
        require(backend, Capability.SNAPSHOT, id, "Download the files instead, or choose a backend that has snapshots");
        return backend;
    }

    private static void require(SandboxBackend backend, Capability capability, @Nullable SandboxId id, String remedy) {
        if (!backend.capabilities().contains(capability)) {
            throw new CapabilityMissingException(
                    capability,
                    Failure.of("capability_missing", "this backend lacks " + capability)
                            .backend(backend.name())
                            .sandbox(id)
                            .remedy(remedy));
        }
    }

    SandboxInfo info(SandboxId id) {
        return find(id).orElseThrow(() -> notFound(id));
    }

    /**
     * Ends a sandbox for a handle that is being closed: waits 10 seconds at most and reports to the log. The connection is closed
     * after that end, because it takes running commands along, which may have been given more time.
     */
    void destroyInBackground(SandboxId id, BackendSandbox connection) {
        submit(() -> {
                    try {
                        destroyQuietly(id, "its handle was closed");
                    } finally {
                        connection.close();
                    }
                })
                .ifPresentOrElse(SandboxManager::await, connection::close);
    }

    private void destroyQuietly(SandboxId id, String reason) {
        try {
            cleanup.destroy(id, reason);
        } catch (SandboxException e) {
            LOG.warn("could not destroy sandbox {} at once, the cleanup engine goes on: {}", id, e.getMessage());
            cleanup.wake();
        }
    }

    private Optional<Future<?>> submit(Runnable task) {
        try {
            return Optional.of(workers.submit(task));
        } catch (RejectedExecutionException e) {
            LOG.debug("not done, the manager is closed", e);
            return Optional.empty();
        }
    }

    /** Says when and why a sandbox ended that turned out to be gone; ends its row if nobody has yet. */
    SandboxGoneException explain(SandboxId id, SandboxGoneException found) {
        try {
            Optional<SandboxRow> row = rows.find(id);
            if (row.isPresent() && row.get().state().isLive()) {
                submit(() -> endVanished(row.get()));
            }
            return gone(id, found);
        } catch (SandboxException e) {
            found.addSuppressed(e);
            return found;
        }
    }

    private void endVanished(SandboxRow row) {
        try {
            cleanup.vanished(row);
        } catch (SandboxException e) {
            LOG.warn("could not end the row of sandbox {}, which has vanished: {}", row.id(), e.getMessage());
        }
    }

    private SandboxGoneException gone(SandboxId id, @Nullable Throwable cause) {
        Optional<SandboxRow> row = rows.find(id);
        if (row.isPresent()) {
            return gone(row.get());
        }
        HistoryRow history = rows.findHistory(id).orElse(null);
        Instant endedAt = history == null ? null : history.endedAt();
        String reason = history == null ? null : history.last().endReason();
        return new SandboxGoneException(
                endedAt,
                reason,
                Failure.of(
                                "sandbox_gone",
                                "sandbox " + id + " ended" + (endedAt == null ? "" : " at " + endedAt) + ": "
                                        + (reason == null ? "it is not known why" : reason))
                        .sandbox(id)
                        .cause(cause)
                        .remedy("Create a new one"));
    }

    private static SandboxGoneException gone(SandboxRow row) {
        if (row.state() == SandboxState.EXPIRED) {
            return new SandboxGoneException(
                    null,
                    row.endReason(),
                    Failure.of("sandbox_expired", "sandbox " + row.id() + " has expired: " + row.endReason())
                            .sandbox(row.id())
                            .backend(row.backend())
                            .remedy("Renew it at once, before a cleaner claims it, or create a new one"));
        }
        String reason = row.endReason() == null ? "the provider has it no more" : row.endReason();
        return new SandboxGoneException(
                row.claimedAt(),
                reason,
                Failure.of(
                                "sandbox_gone",
                                "sandbox " + row.id() + " has ended"
                                        + (row.claimedAt() == null ? "" : " at " + row.claimedAt()) + ": " + reason)
                        .sandbox(row.id())
                        .backend(row.backend())
                        .remedy("Create a new one"));
    }

    private SandboxRow liveRow(SandboxId id) {
        SandboxRow row = rows.find(id).orElse(null);
        if (row == null) {
            if (rows.findHistory(id).isPresent()) {
                throw gone(id, null);
            }
            throw notFound(id);
        }
        if (!row.state().isLive()) {
            throw gone(row);
        }
        return row;
    }

    private static SandboxNotFoundException notFound(SandboxId id) {
        return new SandboxNotFoundException(Failure.of("sandbox_not_found", "no sandbox has the id " + id)
                .sandbox(id)
                .remedy("Check the id, and that this is the deployment it was created in"));
    }

    private static SandboxConflictException conflict(SandboxRow row, String what) {
        return new SandboxConflictException(Failure.of("sandbox_busy", "sandbox " + row.id() + " " + what)
                .sandbox(row.id())
                .backend(row.backend())
                .remedy("Wait, then repeat the call"));
    }

    private Sandbox handle(SandboxRow row, BackendSandbox connection, boolean owns) {
        Sandbox sandbox = new Sandbox(this, row.id(), row.backend(), row.lifetime(), connection, owns);
        activity.watch(row.id(), row.idleTimeout());
        handles.computeIfAbsent(row.id(), id -> ConcurrentHashMap.newKeySet()).add(sandbox);
        if (closed) {
            // close() may have let go of all handles just before
            sandbox.letGo();
            throw closedManager(null);
        }
        return sandbox;
    }

    void forget(Sandbox sandbox) {
        handles.computeIfPresent(sandbox.id(), (id, all) -> {
            if (all.remove(sandbox)) {
                activity.unwatch(id);
            }
            return all.isEmpty() ? null : all;
        });
    }

    private Set<Sandbox> handlesOf(SandboxId id) {
        return handles.getOrDefault(id, Set.of());
    }

    private List<Sandbox> allHandles() {
        return handles.values().stream().flatMap(Set::stream).toList();
    }

    /** This JVM has claimed a row: its own handles must know before the resource goes. */
    private void ending(SandboxRow row) {
        handlesOf(row.id()).forEach(sandbox -> sandbox.end(gone(row)));
    }

    /** A row did not take our touch: another JVM has expired, claimed or ended it. */
    private void lost(SandboxId id) {
        SandboxGoneException gone = gone(id, null);
        handlesOf(id).forEach(sandbox -> sandbox.end(gone));
    }

    private @Nullable Duration timeToLive(SandboxSpec spec) {
        return spec.timeToLive()
                .orElse(
                        switch (spec.retention()) {
                            case DEFAULT -> defaultTimeToLive;
                            case EXTENDED -> extendedTimeToLive;
                            case PERMANENT -> null;
                        });
    }

    /** All unknown if the provider does not tell. */
    ResourceUsage usage(String backend, String providerRef) {
        return backend(backend).usage(providerRef).orElseGet(() -> new ResourceUsage(null, null, null, null));
    }

    private SandboxBackend backend(@Nullable String name) {
        SandboxBackend backend = name == null ? backends.values().iterator().next() : backends.get(name);
        if (backend == null) {
            throw new SpecInvalidException(Failure.of(
                            "unknown_backend",
                            "backend \"" + name + "\" is not registered; there are " + backends.keySet())
                    .remedy("Name one of these, or register it: SandboxManager.builder().backend(...)"));
        }
        return backend;
    }

    boolean isClosed() {
        return closed;
    }

    private void refuseIfClosed() {
        if (closed) {
            throw closedManager(null);
        }
    }

    static HandleClosedException closedManager(@Nullable Throwable cause) {
        return new HandleClosedException(Failure.of("manager_closed", "this SandboxManager is closed")
                .cause(cause)
                .remedy("Use it before close(), or build a new one"));
    }

    ScheduledThreadPoolExecutor timer() {
        return timer;
    }

    ExecutorService workers() {
        return workers;
    }

    /** A command has ended: told only where somebody listens, as there are many. */
    void commandEnded(SandboxId id, String backend, @Nullable ExitStatus status, long started) {
        if (listeners.isEmpty()) {
            return;
        }
        SandboxEvent.CommandEnded.Outcome outcome = status == null
                ? SandboxEvent.CommandEnded.Outcome.ERROR
                : status.timedOut()
                        ? SandboxEvent.CommandEnded.Outcome.TIMED_OUT
                        : status.exitCode() == 0
                                ? SandboxEvent.CommandEnded.Outcome.SUCCEEDED
                                : SandboxEvent.CommandEnded.Outcome.FAILED;
        listeners.accept(
                new SandboxEvent.CommandEnded(id, backend, outcome, Duration.ofNanos(System.nanoTime() - started)));
    }

    ActivityTracker activity() {
        return activity;
    }

    /** Collects what a manager needs. Not thread-safe. */
    public static final class Builder {
        private final Map<String, SandboxBackend> backends = new LinkedHashMap<>();
        private final List<SandboxListener> listeners = new ArrayList<>();
        private @Nullable SandboxStore store;
        private @Nullable SecretSource secrets;
        private CleanupPolicy policy = CleanupPolicy.anyOf(CleanupPolicy.timeToLive(), CleanupPolicy.idle());
        private CleanupSettings cleanupSettings = CleanupSettings.builder().build();
        private Duration defaultTimeToLive = Duration.ofHours(24);
        private Duration extendedTimeToLive = Duration.ofDays(7);

        private Builder() {}

        /**
         * Adds a backend. The first one is used where a spec names none.
         *
         * @param backend the backend; the manager closes it
         * @return this builder
         * @throws IllegalArgumentException if one of the same name was added already
         */
        public Builder backend(SandboxBackend backend) {
            if (backends.putIfAbsent(backend.name(), backend) != null) {
                throw new IllegalArgumentException(
                        "two backends are named \"" + backend.name() + "\"; give one of them another name");
            }
            return this;
        }

        /**
         * Sets where the rows live.
         *
         * @param store the store; the manager closes it
         * @return this builder
         */
        public Builder store(SandboxStore store) {
            this.store = Objects.requireNonNull(store, "store");
            return this;
        }

        /**
         * Decides what must go.
         *
         * @param policy default: the time to live or the idle timeout is over
         * @return this builder
         */
        public Builder policy(CleanupPolicy policy) {
            this.policy = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /**
         * Sets how the cleanup engine works.
         *
         * @param settings the settings
         * @return this builder
         */
        public Builder cleanup(CleanupSettings settings) {
            this.cleanupSettings = Objects.requireNonNull(settings, "cleanup");
            return this;
        }

        /**
         * Takes settings from variables of this process's environment, where they are set; what this builder is told later
         * replaces them. A time is written as {@code 24h}, {@code 7d}, {@code 90m}, {@code 30s}, {@code 500ms} or as ISO 8601
         * has it.
         *
         * <ul>
         *   <li>{@code SANDBOX_DEFAULT_TTL}: {@link #defaultTimeToLive}
         *   <li>{@code SANDBOX_EXTENDED_TTL}: {@link #extendedTimeToLive}
         *   <li>{@code SANDBOX_CLEANUP_INTERVAL}: {@link CleanupSettings#interval()}
         *   <li>{@code SANDBOX_RETENTION_PERIOD}: {@link CleanupSettings#archiveRetention()}
         *   <li>{@code SANDBOX_MAX_CLEANUP_BATCH}: {@link CleanupSettings#batch()}
         * </ul>
         *
         * @return this builder
         * @throws IllegalArgumentException if one of them cannot be used; names it, its value and what is right
         */
        public Builder fromEnvironment() {
            return fromEnvironment(System.getenv());
        }

        /**
         * As {@link #fromEnvironment()}, from elsewhere.
         *
         * @param environment values by name; others than these are ignored
         * @return this builder
         * @throws IllegalArgumentException as above
         */
        public Builder fromEnvironment(Map<String, String> environment) {
            CleanupSettings.Builder cleanup = cleanupSettings.toBuilder();
            new EnvironmentSettings(environment).apply(this, cleanup);
            cleanupSettings = cleanup.build();
            return this;
        }

        /**
         * Adds somebody who is told what happens.
         *
         * @param listener the listener
         * @return this builder
         */
        public Builder listener(SandboxListener listener) {
            listeners.add(Objects.requireNonNull(listener, "listener"));
            return this;
        }

        /**
         * Sets where the values of secret environment variables come from.
         *
         * @param secrets the source
         * @return this builder
         */
        public Builder secrets(SecretSource secrets) {
            this.secrets = Objects.requireNonNull(secrets, "secrets");
            return this;
        }

        /**
         * Sets the time to live of sandboxes whose spec names none.
         *
         * @param time default 24 hours
         * @return this builder
         */
        public Builder defaultTimeToLive(Duration time) {
            this.defaultTimeToLive = Durations.checked("defaultTimeToLive", time);
            return this;
        }

        /**
         * Sets the time to live of sandboxes with {@link Retention#EXTENDED} whose spec names none.
         *
         * @param time default 7 days
         * @return this builder
         */
        public Builder extendedTimeToLive(Duration time) {
            this.extendedTimeToLive = Durations.checked("extendedTimeToLive", time);
            return this;
        }

        /**
         * Finishes the manager and starts its cleanup engine.
         *
         * @return the manager
         * @throws IllegalStateException if there is no backend or no store
         */
        public SandboxManager build() {
            if (backends.isEmpty()) {
                throw new IllegalStateException("a SandboxManager needs a backend, such as DockerBackend.create()");
            }
            SandboxStore chosen = store;
            if (chosen == null) {
                throw new IllegalStateException(
                        "a SandboxManager needs a store, such as SandboxStore.embedded(Path.of(\"data\"))");
            }
            SandboxManager manager = new SandboxManager(this, chosen);
            manager.cleanup.start();
            return manager;
        }
    }
}

package dev.sandkeeper;

import dev.sandkeeper.cleanup.Cleanup;
import dev.sandkeeper.internal.AuditLog;
import dev.sandkeeper.internal.ProviderEnd;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates sandboxes: the row first, then the resource, then the row says so. Whatever goes wrong in between, the row leads
 * a cleaner to what was made.
 */
final class Provisioner {
    private static final Logger LOG = LoggerFactory.getLogger(Provisioner.class);

    private final SandboxRows rows;
    private final Cleanup cleanup;
    private final ActivityTracker activity;
    private final ExecutorService workers;
    private final Consumer<SandboxEvent> events;
    private final String jvm;
    private final Duration lease;
    private final @Nullable SecretSource secrets;

    Provisioner(
            SandboxRows rows,
            Cleanup cleanup,
            ActivityTracker activity,
            ExecutorService workers,
            Consumer<SandboxEvent> events,
            String jvm,
            Duration lease,
            @Nullable SecretSource secrets) {
        this.rows = rows;
        this.cleanup = cleanup;
        this.activity = activity;
        this.workers = workers;
        this.events = events;
        this.jvm = jvm;
        this.lease = lease;
        this.secrets = secrets;
    }

    /** A sandbox that takes commands. */
    record Provisioned(SandboxRow row, BackendSandbox connection, Duration took) {}

    /** What came of a create that runs on a worker, or that its caller does not wait for it any more. */
    private enum Phase {
        RUNNING,
        ANSWERED,
        ABANDONED
    }

    Provisioned provision(SandboxBackend backend, SandboxSpec spec, @Nullable Duration timeToLive) {
        long started = System.nanoTime();
        backend.validate(spec);
        Map<String, String> environment = environment(spec);
        Instant now = rows.now();
        SandboxRow row = insert(backend, spec, timeToLive, now);
        SandboxId id = row.id();
        activity.creating(id);
        try {
            ProvisionRequest request = new ProvisionRequest(
                    rows.deployment(),
                    id,
                    now,
                    providerEnd(backend, spec, row.expiresAt(), now),
                    spec,
                    environment,
                    message -> events.accept(new SandboxEvent.Progress(id, message)));
            BackendSandbox connection = create(backend, request);
            SandboxRow active = activate(backend, row, connection);
            return new Provisioned(active, connection, since(started));
        } catch (RuntimeException e) {
            giveUp(backend, id, e, since(started));
            throw e;
        } finally {
            activity.created(id);
        }
    }

    /** Counted from when the sandbox can be there at the latest, as the row is looked at half a horizon after that. */
    private static @Nullable Instant providerEnd(
            SandboxBackend backend, SandboxSpec spec, @Nullable Instant expiresAt, Instant now) {
        return ProviderEnd.isKeptBy(backend)
                ? ProviderEnd.wanted(backend, expiresAt, now.plus(spec.createTimeout()))
                : expiresAt;
    }

    private static Duration since(long started) {
        return Duration.ofNanos(System.nanoTime() - started);
    }

    /** What never changes of a sandbox that this JVM makes, or takes over, now. */
    SandboxRow.Creation creation(SandboxBackend backend, SandboxSpec spec, Instant now) {
        return new SandboxRow.Creation(
                SandboxId.generate(now.toEpochMilli()),
                backend.name(),
                spec.retention(),
                spec.lifetime(),
                spec.owner().orElse(null),
                spec.image().orElse(null),
                SpecJson.write(spec),
                spec.labels(),
                jvm,
                now);
    }

    private SandboxRow insert(SandboxBackend backend, SandboxSpec spec, @Nullable Duration timeToLive, Instant now) {
        Instant until = now.plus(lease);
        return rows.insert(SandboxRow.create(creation(backend, spec, now))
                .timeToLive(timeToLive)
                .idleTimeout(spec.idleTimeout().orElse(null))
                .expiresAt(timeToLive == null ? null : now.plus(timeToLive))
                .lease(jvm, until)
                .dueAt(until)
                .build());
    }

    private Map<String, String> environment(SandboxSpec spec) {
        Map<String, String> environment = new HashMap<>(spec.environment());
        for (String name : new TreeSet<>(spec.secrets())) {
            if (secrets == null) {
                throw new SpecInvalidException(Failure.of(
                                "no_secret_source",
                                "the spec asks for secret \"" + name + "\" and the manager has no SecretSource")
                        .remedy("Give the manager one: SandboxManager.builder().secrets(...)"));
            }
            String value = secrets.secret(name);
            EnvironmentNames.check(name, value);
            environment.put(name, value);
        }
        return environment;
    }

    /** On a worker, so that a provider that stalls cannot hold the caller beyond its time. */
    private BackendSandbox create(SandboxBackend backend, ProvisionRequest request) {
        AtomicReference<Phase> phase = new AtomicReference<>(Phase.RUNNING);
        AtomicReference<BackendSandbox> made = new AtomicReference<>();
        Future<BackendSandbox> answer;
        try {
            answer = workers.submit(() -> {
                BackendSandbox connection = backend.create(request);
                made.set(connection);
                if (!phase.compareAndSet(Phase.RUNNING, Phase.ANSWERED)) {
                    LOG.info("sandbox {} came after its create was given up; it is destroyed", request.sandboxId());
                    discard(backend, connection);
                }
                return connection;
            });
        } catch (RejectedExecutionException e) {
            throw SandboxManager.closedManager(e);
        }
        Duration timeout = request.spec().createTimeout();
        SandboxException givenUp;
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw failed(backend, request.sandboxId(), e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            givenUp = new SandboxTimeoutException(
                    Failure.of("create_timeout", "sandbox " + request.sandboxId() + " was not ready within " + timeout)
                            .backend(backend.name())
                            .sandbox(request.sandboxId())
                            .remedy("Raise createTimeout, or look at the provider. What was made is being destroyed")
                            .cause(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            givenUp = new SandboxInterruptedException(
                    Failure.of("interrupted", "interrupted while sandbox " + request.sandboxId() + " was created")
                            .backend(backend.name())
                            .sandbox(request.sandboxId())
                            .remedy("What was made is being destroyed")
                            .cause(e));
        } catch (CancellationException e) {
            throw SandboxManager.closedManager(e);
        }
        BackendSandbox ready = made.get();
        if (!phase.compareAndSet(Phase.RUNNING, Phase.ABANDONED) && ready != null) {
            // It was ready in the very moment in which its caller went away.
            workers.execute(() -> discard(backend, ready));
        }
        answer.cancel(true);
        throw givenUp;
    }

    private static RuntimeException failed(SandboxBackend backend, SandboxId id, Throwable cause) {
        if (cause instanceof SandboxException known) {
            return known;
        }
        if (cause instanceof IllegalArgumentException misuse) {
            return misuse;
        }
        return new OutcomeUnknownException(Failure.of(
                        "create_failed_unexpectedly",
                        "the backend failed while sandbox " + id + " was created: " + cause)
                .backend(backend.name())
                .sandbox(id)
                .remedy("What was made is being destroyed")
                .cause(cause));
    }

    private SandboxRow activate(SandboxBackend backend, SandboxRow inserted, BackendSandbox connection) {
        SandboxId id = inserted.id();
        SandboxRow seen = inserted;
        try {
            while (true) {
                Instant now = rows.now();
                SandboxRow next = seen.change()
                        .state(SandboxState.ACTIVE)
                        .providerRef(connection.providerRef())
                        .lease(null, null)
                        .lastActiveAt(now)
                        .step(new AuditEntry(now, "created", "as " + connection.providerRef() + " by " + jvm))
                        .build();
                Optional<SandboxRow> active = rows.compareAndSet(
                        next.change().dueAt(cleanup.dueAt(next, now)).build());
                if (active.isPresent()) {
                    AuditLog.last(active.get());
                    return active.get();
                }
                // The beat that keeps our own lease changes the row too.
                Optional<SandboxRow> current = rows.find(id);
                if (current.isEmpty()
                        || current.get().state() != SandboxState.PROVISIONING
                        || !jvm.equals(current.get().leaseOwner())) {
                    throw new SandboxConflictException(Failure.of(
                                    "lost_while_creating",
                                    "the row of sandbox " + id + " was ended while it was created")
                            .backend(backend.name())
                            .sandbox(id)
                            .remedy("Create a new one; what was made is destroyed"));
                }
                seen = current.get();
            }
        } catch (RuntimeException e) {
            discard(backend, connection);
            throw e;
        }
    }

    private static void discard(SandboxBackend backend, BackendSandbox connection) {
        String ref = connection.providerRef();
        connection.close();
        try {
            backend.destroy(ref);
        } catch (SandboxException e) {
            LOG.warn("could not destroy {} at once; a cleaner will: {}", ref, e.getMessage());
        }
    }

    /** Hands the row to the cleaners; until when they must look depends on what the failure says. */
    private void giveUp(SandboxBackend backend, SandboxId id, RuntimeException error, Duration took) {
        boolean nothingMade = error instanceof BackendRejectedException
                || error instanceof BackendUnavailableException
                || error instanceof SpecInvalidException
                || error instanceof CapabilityMissingException
                || error instanceof QuotaExceededException;
        try {
            while (true) {
                Optional<SandboxRow> current = rows.find(id);
                if (current.isEmpty() || current.get().state() != SandboxState.PROVISIONING) {
                    break;
                }
                Instant now = rows.now();
                String code = error instanceof SandboxException known ? known.code() : "unexpected";
                Optional<SandboxRow> given = rows.compareAndSet(current.get()
                        .change()
                        .state(SandboxState.CLEANING)
                        .lease(null, null)
                        .claimedAt(now)
                        .settledAt(nothingMade ? now : now.plus(backend.createSettlesWithin()))
                        .end("it could not be created: " + code, "create_failed", jvm)
                        .lastError(error.getMessage())
                        .step(new AuditEntry(now, "failed", "it could not be created: " + code))
                        .dueAt(now)
                        .build());
                if (given.isPresent()) {
                    AuditLog.last(given.get());
                    break;
                }
            }
            cleanup.wake();
        } catch (SandboxException e) {
            LOG.warn(
                    "could not hand sandbox {} to the cleaners; they find it when its lease is over: {}",
                    id,
                    e.getMessage());
            error.addSuppressed(e);
        }
        events.accept(new SandboxEvent.CreateFailed(id, backend.name(), error, took));
    }
}

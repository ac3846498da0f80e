package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.internal.SnapshotNames;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.internal.Machine;
import dev.sandkeeper.testkit.internal.MachineImage;
import dev.sandkeeper.testkit.internal.MachineTime;
import dev.sandkeeper.testkit.internal.Users;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The "cloud" of {@link InMemoryBackend}: it holds the sandboxes, so that several backends can share it as JVMs share a
 * provider, and it is a witness that needs no backend. It isolates nothing. It makes no thread but those of the commands
 * that run, and one while something is waited for. Safe from many threads.
 */
public final class InMemoryProvider {
    private static final String SNAPSHOT = "snapshot:";

    private final MachineTime time;
    private final Map<String, Resource> resources = new LinkedHashMap<>();
    private final Map<String, Kept> snapshots = new LinkedHashMap<>();
    private final List<Event> journal = new ArrayList<>();
    private long lastNumber;

    private InMemoryProvider(MachineTime time) {
        this.time = time;
    }

    /**
     * A provider in real time.
     *
     * @return the provider, holding nothing
     */
    public static InMemoryProvider create() {
        return at(Clock.systemUTC());
    }

    /**
     * A provider with a clock. Where that is a {@link MutableClock}, sleeps and deadlines in the sandboxes and the ends that
     * the provider keeps go by it too; otherwise they take real time.
     *
     * @param clock the clock
     * @return the provider, holding nothing
     */
    public static InMemoryProvider at(Clock clock) {
        return new InMemoryProvider(Times.of(clock));
    }

    /** What the provider has done. */
    public enum Action {
        /** A sandbox was created, perhaps by half. */
        CREATED,
        /** A sandbox was destroyed at somebody's request. */
        DESTROYED,
        /** A sandbox came to the end that the provider keeps. */
        EXPIRED
    }

    /**
     * An entry of the journal.
     *
     * @param at when, by the provider's clock
     * @param action what
     * @param providerRef the provider's name for the sandbox
     * @param deployment the deployment's id, as the resource says
     * @param sandboxId our id, as the resource says
     */
    public record Event(Instant at, Action action, String providerRef, String deployment, SandboxId sandboxId) {}

    /**
     * What the provider has.
     *
     * @param providerRef the provider's name for it
     * @param deployment the deployment's id, as the resource says
     * @param sandboxId our id, as the resource says
     * @param createdAt the time of creation, as the resource says
     * @param expiresAt the end that the provider keeps; null if none
     * @param state its state; UNKNOWN if it is half made
     * @param running the programs that run in it
     */
    public record Witnessed(
            String providerRef,
            String deployment,
            SandboxId sandboxId,
            Instant createdAt,
            @Nullable Instant expiresAt,
            ProviderState state,
            List<String> running) {}

    /** One sandbox. What changes is guarded by the provider. */
    private static final class Resource {
        final String providerRef;
        final ProvisionRequest request;
        final @Nullable Machine machine;

        @Nullable
        Instant expiresAt;

        Runnable disarm = () -> {};
        boolean paused;

        Resource(String providerRef, ProvisionRequest request, @Nullable Machine machine) {
            this.providerRef = providerRef;
            this.request = request;
            this.machine = machine;
            this.expiresAt = request.expiresAt();
        }

        ProviderState state() {
            return machine == null ? ProviderState.UNKNOWN : paused ? ProviderState.PAUSED : ProviderState.PRESENT;
        }
    }

    /** A snapshot; the provider knows it by the name of its image. */
    private record Kept(String deployment, Snapshot snapshot, MachineImage files) {}

    /**
     * Everything that exists, of all deployments.
     *
     * @return the resources in the order of their creation
     */
    public synchronized List<Witnessed> resources() {
        return resources.values().stream()
                .map(each -> new Witnessed(
                        each.providerRef,
                        each.request.deployment(),
                        each.request.sandboxId(),
                        each.request.createdAt(),
                        each.expiresAt,
                        each.state(),
                        each.machine == null ? List.of() : each.machine.running()))
                .toList();
    }

    /**
     * Everything that was done.
     *
     * @return the events in their order
     */
    public synchronized List<Event> journal() {
        return List.copyOf(journal);
    }

    /**
     * Makes what a create leaves behind that died halfway: a resource with its labels that takes no commands.
     *
     * @param request what was to be created
     * @return the provider's name for it
     */
    public String leaveHalfMade(ProvisionRequest request) {
        return add(request, null).providerRef;
    }

    /**
     * Makes a sandbox vanish, as a provider does that loses a host. Nobody is told and the journal has nothing of it. Does
     * nothing if there is none.
     *
     * @param providerRef the provider's name for it
     */
    public void lose(String providerRef) {
        remove(providerRef, null);
    }

    String create(ProvisionRequest request) {
        String image = request.spec().image().orElse("default");
        MachineImage files = files(image);
        if (files == null && (image.startsWith("missing") || image.startsWith(SNAPSHOT))) {
            throw new BackendRejectedException(Failure.of("image_not_found", "there is no image \"" + image + "\"")
                    .remedy("Name a snapshot that exists, or an image that does not start with \"missing\"")
                    .sandbox(request.sandboxId()));
        }
        int uid = request.spec()
                .user()
                .map(user -> Users.uid(user).orElse(Users.SANDBOX))
                .orElse(Users.SANDBOX);
        long disk = request.spec().disk().map(MemorySize::bytes).orElse(Long.MAX_VALUE / 2);
        SandboxId id = request.sandboxId();
        Function<String, RuntimeException> gone = attempt -> gone(id, attempt);
        Machine machine = files == null
                ? new Machine(time, uid, request.environment(), disk, gone)
                : new Machine(time, uid, request.environment(), disk, files, gone);
        return add(request, machine).providerRef;
    }

    private synchronized Resource add(ProvisionRequest request, @Nullable Machine machine) {
        if (find(request.deployment(), request.sandboxId()).isPresent()) {
            throw new BackendRejectedException(Failure.of("sandbox_exists", "there is a sandbox of that id already")
                    .sandbox(request.sandboxId()));
        }
        Resource resource = new Resource("memory-" + ++lastNumber, request, machine);
        resources.put(resource.providerRef, resource);
        record(Action.CREATED, resource);
        arm(resource);
        return resource;
    }

    private void arm(Resource resource) {
        resource.disarm.run();
        Instant end = resource.expiresAt;
        if (end != null) {
            resource.disarm =
                    time.after(Duration.between(time.now(), end), () -> remove(resource.providerRef, Action.EXPIRED));
        }
    }

    private void record(Action action, Resource resource) {
        journal.add(new Event(
                time.now(), action, resource.providerRef, resource.request.deployment(), resource.request.sandboxId()));
    }

    /** Whether nothing runs in it any more. */
    boolean terminate(String providerRef, Duration grace) {
        Machine machine;
        synchronized (this) {
            Resource resource = resources.get(providerRef);
            if (resource == null) {
                return true;
            }
            setPaused(providerRef, false);
            machine = resource.machine;
        }
        return machine == null || machine.terminate(grace);
    }

    void destroy(String providerRef) {
        remove(providerRef, Action.DESTROYED);
    }

    private void remove(String providerRef, @Nullable Action action) {
        Machine machine = null;
        synchronized (this) {
            Resource resource = resources.remove(providerRef);
            if (resource != null) {
                resource.disarm.run();
                machine = resource.machine;
                if (action != null) {
                    record(action, resource);
                }
            }
        }
        if (machine != null) {
            machine.shutDown();
        }
    }

    synchronized Optional<String> find(String deployment, SandboxId id) {
        return resources.values().stream()
                .filter(each -> each.request.deployment().equals(deployment)
                        && each.request.sandboxId().equals(id))
                .map(each -> each.providerRef)
                .findFirst();
    }

    synchronized ProviderState state(String providerRef) {
        Resource resource = resources.get(providerRef);
        return resource == null ? ProviderState.GONE : resource.state();
    }

    synchronized OwnedListing list(String deployment) {
        return new OwnedListing(
                resources.values().stream()
                        .filter(each -> each.request.deployment().equals(deployment))
                        .map(each ->
                                new OwnedResource(each.providerRef, each.request.sandboxId(), each.request.createdAt()))
                        .toList(),
                true);
    }

    synchronized boolean endsWithItsJvm(String providerRef) {
        Resource resource = resources.get(providerRef);
        return resource != null && resource.request.spec().lifetime() == Lifetime.PROCESS;
    }

    /** The machine, if it runs; a paused one has one too. */
    synchronized Machine machine(String providerRef) {
        Machine machine = existing(providerRef, "connect to it").machine;
        if (machine == null) {
            throw notRunning(providerRef, "connect to it");
        }
        return machine;
    }

    synchronized void requireNotPaused(String providerRef) {
        Resource resource = resources.get(providerRef);
        if (resource != null && resource.paused) {
            throw new BackendRejectedException(Failure.of("sandbox_paused", "a paused sandbox takes no commands")
                    .remedy("Resume it first")
                    .sandbox(resource.request.sandboxId()));
        }
    }

    synchronized void setPaused(String providerRef, boolean paused) {
        Resource resource = existing(providerRef, paused ? "pause it" : "resume it");
        resource.paused = paused;
        if (resource.machine != null) {
            resource.machine.setPaused(paused);
        }
    }

    private synchronized @Nullable MachineImage files(String image) {
        Kept kept = snapshots.get(image);
        return kept == null ? null : kept.files;
    }

    synchronized Snapshot snapshot(String backend, String deployment, String providerRef, String name) {
        String image = SNAPSHOT + SnapshotNames.atProvider(deployment, name);
        requireNotPaused(providerRef);
        Machine machine = machine(providerRef);
        if (snapshots.containsKey(image)) {
            throw SnapshotNames.taken(backend, name);
        }
        Snapshot snapshot = new Snapshot(backend, name, image, time.now());
        snapshots.put(image, new Kept(deployment, snapshot, machine.image()));
        return snapshot;
    }

    synchronized List<Snapshot> snapshots(String deployment) {
        return snapshots.values().stream()
                .filter(each -> each.deployment.equals(deployment))
                .map(Kept::snapshot)
                .toList();
    }

    synchronized void deleteSnapshot(String deployment, String image) {
        Kept kept = snapshots.get(image);
        if (kept != null && kept.deployment.equals(deployment)) {
            snapshots.remove(image);
        }
    }

    synchronized Instant extend(String providerRef, Instant until) {
        Resource resource = existing(providerRef, "extend it");
        resource.expiresAt = until;
        arm(resource);
        return until;
    }

    synchronized Optional<Machine> findMachine(String providerRef) {
        Resource resource = resources.get(providerRef);
        return resource == null ? Optional.empty() : Optional.ofNullable(resource.machine);
    }

    private Resource existing(String providerRef, String attempt) {
        Resource resource = resources.get(providerRef);
        if (resource == null) {
            throw notRunning(providerRef, attempt);
        }
        return resource;
    }

    private static SandboxGoneException notRunning(String providerRef, String attempt) {
        return new SandboxGoneException(
                null, null, Failure.of("sandbox_gone", "sandbox " + providerRef + " does not run: cannot " + attempt));
    }

    private static RuntimeException gone(SandboxId id, String attempt) {
        return new SandboxGoneException(
                null,
                null,
                Failure.of("sandbox_gone", "the sandbox has ended: cannot " + attempt)
                        .sandbox(id));
    }
}

package dev.sandkeeper.local;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes, finds and removes sandboxes: directory, workspace, user, control groups and processes. */
final class Sandboxes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Settings settings;
    private final Host host;
    private final StateDirectory state;
    private final Cgroups cgroups;
    private final SpecRules rules;
    private final boolean disablesUserNamespaces;
    private final Failures failures;
    private final Warden warden;
    private final ScheduledExecutorService alarms;
    /** Of PROCESS lifetime, made here. */
    private final Map<SandboxRef, Holder> held = new ConcurrentHashMap<>();

    Sandboxes(
            Settings settings,
            Host host,
            StateDirectory state,
            Cgroups cgroups,
            SpecRules rules,
            boolean disablesUserNamespaces,
            Failures failures,
            ScheduledExecutorService alarms) {
        this.settings = settings;
        this.host = host;
        this.state = state;
        this.cgroups = cgroups;
        this.rules = rules;
        this.disablesUserNamespaces = disablesUserNamespaces;
        this.failures = failures;
        this.warden = new Warden(host, state);
        this.alarms = alarms;
        warden.adopt();
    }

    LocalSandbox create(ProvisionRequest request) {
        SandboxRef ref = SandboxRef.of(request.deployment(), request.sandboxId());
        failures.checkInterrupt("creating a sandbox", ref.id());
        boolean done = false;
        boolean ours = false;
        try {
            Description intent = intent(request);
            state.create(ref, intent);
            ours = true;
            LocalSandbox sandbox = make(ref, intent, request);
            done = true;
            return sandbox;
        } catch (FileAlreadyExistsException e) {
            throw new BackendRejectedException(failure(ref, "sandbox_exists", "there is a sandbox with this id already")
                    .remedy("Make a new id for a new sandbox")
                    .cause(e));
        } catch (NoSuchFileException e) {
            throw new BackendRejectedException(
                    failure(ref, "destroyed_meanwhile", "the sandbox was destroyed while it was being made")
                            .remedy("Create a new one")
                            .cause(e));
        } catch (IOException e) {
            throw new BackendUnavailableException(
                    failure(ref, "create_failed", "the sandbox was not made: " + e.getMessage())
                            .remedy("See whether " + state.root() + " can be written")
                            .cause(e));
        } catch (LaunchFailure e) {
            throw launchFailed(ref, e);
        } catch (InterruptedException e) {
            throw failures.interrupted("creating a sandbox", ref.id());
        } finally {
            if (ours && !done) {
                undo(ref);
            }
        }
    }

    private SandboxException launchFailed(SandboxRef ref, LaunchFailure e) {
        Failure failure = failure(ref, "isolation_failed", "this host did not isolate a sandbox: " + e.getMessage())
                .remedy(Remedies.of(String.valueOf(e.getMessage())))
                .cause(e);
        return Remedies.passing(String.valueOf(e.getMessage()))
                ? new BackendUnavailableException(failure)
                : new BackendRejectedException(failure);
    }

    private Description intent(ProvisionRequest request) {
        return new Description(
                request.createdAt(),
                host.boot(),
                host.self(),
                null,
                request.spec().lifetime(),
                -1,
                request.spec().network() != Network.hostNetwork(),
                rules.limits(request.spec()));
    }

    private LocalSandbox make(SandboxRef ref, Description intent, ProvisionRequest request)
            throws IOException, LaunchFailure, InterruptedException {
        Description described = host.root() ? claimUid(ref, intent) : intent;
        Path workspace = state.createWorkspace(ref, described.uid(), host.root());
        cgroups.create(ref, described.limits());
        Path image = rules.image(request.spec());
        HolderPlan plan = new HolderPlan(
                state.marker(ref),
                workspace,
                described.lifetime(),
                described.uid(),
                image,
                described.ownNetwork(),
                rules.tmpBytes(request.spec()),
                rules.sharedMemoryBytes(request.spec()),
                request.spec().disk().map(size -> size.bytes()).orElse(0L),
                new HolderPlan.Payload(
                        JailArguments.of(image, request.environment(), described.ownNetwork(), disablesUserNamespaces),
                        Seccomp.filter(System.getProperty("os.arch", ""))));
        Holder holder = Holder.start(plan, host);
        boolean released = false;
        try {
            Description running = described.running(holder.first());
            state.describe(ref, running);
            holder.release(described.lifetime());
            released = true;
            if (described.lifetime() == Lifetime.PROCESS) {
                held.put(ref, holder);
            }
            return open(ref, running, holder.first(), () -> endHolder(ref));
        } finally {
            if (!released) {
                holder.end();
            }
        }
    }

    /** A user that no other sandbox of this state directory has: tried from a place of its own on, so that few collide. */
    private Description claimUid(SandboxRef ref, Description intent) throws IOException {
        int start = Math.floorMod(ref.id().hashCode(), settings.uidCount());
        for (int i = 0; i < settings.uidCount(); i++) {
            int uid = settings.firstUid() + (start + i) % settings.uidCount();
            // Written down before it is taken, so that whoever removes a half-made sandbox gives it back.
            Description described = intent.withUid(uid);
            state.describe(ref, described);
            if (state.claimUid(ref, uid)) {
                return described;
            }
        }
        throw new BackendUnavailableException(failure(
                        ref,
                        "uids_exhausted",
                        "all " + settings.uidCount() + " users from " + settings.firstUid() + " on belong to sandboxes")
                .remedy("Destroy sandboxes, or widen uidRange(...)"));
    }

    private void undo(SandboxRef ref) {
        boolean interrupted = Thread.interrupted();
        try {
            destroy(ref);
        } catch (SandboxException e) {
            LOG.warn("{} was not made and could not be removed; its owner's sweep will: {}", ref, e.toString());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    LocalSandbox attach(SandboxRef ref) {
        Description description = state.description(ref);
        if (description == null || description.holder() == null || !description.alive(host.boot())) {
            throw failures.gone(ref.id());
        }
        return open(ref, description, description.holder(), null);
    }

    private LocalSandbox open(
            SandboxRef ref, Description description, ProcessIdentity holder, @Nullable Runnable ownsHolder) {
        return new LocalSandbox(
                ref,
                description,
                new Launcher(ref, description, holder, cgroups.entrances(ref), host, warden),
                alarms,
                failures,
                new BackgroundRecords(state.background(ref), ref.id(), failures),
                () -> cgroups.memoryKills(ref),
                ownsHolder);
    }

    boolean exists(SandboxRef ref) {
        return state.exists(ref)
                || cgroups.list(ref.deployment()).contains(ref)
                || !Proc.withArgument(state.marker(ref)).isEmpty();
    }

    ProviderState state(SandboxRef ref) {
        Description description = state.description(ref);
        if (description == null) {
            return ProviderState.GONE;
        }
        if (description.alive(host.boot())) {
            return ProviderState.PRESENT;
        }
        return description.beingMade(host.boot()) ? ProviderState.UNKNOWN : ProviderState.GONE;
    }

    OwnedListing list(String deployment) {
        try {
            Set<SandboxRef> refs = new TreeSet<>((a, b) -> a.id().compareTo(b.id()));
            refs.addAll(state.list(deployment));
            refs.addAll(cgroups.list(deployment));
            String marker = "sandkeeper-holder:" + state.fingerprint() + ":";
            for (Proc.ProcessArguments process : Proc.all()) {
                for (String argument : process.arguments()) {
                    if (argument.startsWith(marker + deployment + "/")) {
                        SandboxRef.parse(argument.substring(marker.length())).ifPresent(refs::add);
                    }
                }
            }
            List<OwnedResource> resources = new ArrayList<>();
            for (SandboxRef ref : refs) {
                resources.add(new OwnedResource(ref.toString(), ref.id(), createdAt(ref)));
            }
            return new OwnedListing(resources, true);
        } catch (IOException e) {
            throw failures.unavailable(
                    "state_directory_unreadable", "cannot list " + state.root() + ": " + e.getMessage(), null, e);
        }
    }

    private Instant createdAt(SandboxRef ref) {
        Description description = state.description(ref);
        if (description == null) {
            description = state.retired(ref);
        }
        return description == null ? StateDirectory.madeAt(ref.id()) : description.createdAt();
    }

    @Nullable
    ResourceUsage usage(SandboxRef ref) {
        return state.exists(ref) ? cgroups.usage(ref) : null;
    }

    /** Asks all commands to end, those of other JVMs too; answers whether none is left. */
    boolean terminate(SandboxRef ref, Duration grace) {
        Description description = state.description(ref);
        if (description == null || description.holder() == null || !description.alive(host.boot())) {
            return true;
        }
        ProcessIdentity holder = description.holder();
        try {
            List<ProcessIdentity> firsts = CommandTree.firsts(holder);
            CommandTree.terminate(firsts, host);
            Wait wait = new Wait(grace);
            for (ProcessIdentity first : firsts) {
                while (CommandTree.runs(first)) {
                    if (!wait.pause()) {
                        return false;
                    }
                }
            }
            // a namespace that is just being made or left has something in it, too, for a moment
            while (!CommandTree.firsts(holder).isEmpty()) {
                if (!wait.pause()) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw failures.unavailable(
                    "terminate_failed", "its commands cannot be asked to end: " + e.getMessage(), ref.id(), e);
        } catch (InterruptedException e) {
            throw failures.interrupted("ending what runs in a sandbox", ref.id());
        }
    }

    /** Ends and removes everything of a sandbox, or does nothing if there is nothing. */
    void destroy(SandboxRef ref) {
        try {
            state.retire(ref);
            Description description = state.retired(ref);
            if (description != null
                    && description.holder() != null
                    && description.boot().equals(host.boot())) {
                end(List.of(description.holder()));
            }
            endHolder(ref);
            // A launcher that has not got so far, and a holder whose directory somebody has removed.
            end(Proc.withArgument(state.marker(ref)));
            cgroups.destroy(ref);
            state.remove(ref);
        } catch (IOException e) {
            throw failures.unavailable(
                    "destroy_failed", "the sandbox was not removed completely: " + e.getMessage(), ref.id(), e);
        } catch (InterruptedException e) {
            throw failures.interrupted("destroying a sandbox", ref.id());
        }
    }

    private void end(List<ProcessIdentity> processes) throws IOException, InterruptedException {
        processes.forEach(ProcessIdentity::kill);
        Wait wait = new Wait(PATIENCE);
        for (ProcessIdentity process : processes) {
            while (process.exists()) {
                if (!wait.pause()) {
                    throw new IOException(
                            "process " + process.pid() + " still runs " + PATIENCE.toSeconds() + " seconds after KILL");
                }
            }
        }
    }

    private void endHolder(SandboxRef ref) {
        Holder holder = held.remove(ref);
        if (holder != null) {
            holder.end();
        }
    }

    @Override
    public void close() {
        for (SandboxRef ref : Set.copyOf(held.keySet())) {
            endHolder(ref);
        }
        warden.close();
    }

    private Failure failure(SandboxRef ref, String code, String message) {
        return Failure.of(code, message).backend(failures.backend()).sandbox(ref.id());
    }
}

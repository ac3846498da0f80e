package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sandboxes at Daytona, hosted or on a server of one's own. Thread-safe; one HTTP client for all sandboxes.
 *
 * <p><b>A sandbox</b> is one of Daytona's, of class container, named {@code sandkeeper-<deployment>-<sandbox id>} and labelled.
 * Without an image it is made from the organisation's default snapshot or {@link DaytonaBackendBuilder#snapshot}; an image such as
 * {@code python:3.13-slim} is built into one when it is first used, which takes minutes, and {@link #snapshot(String)} as image
 * names a snapshot. Memory (whole gibibytes) and processors (whole ones) can be chosen with an image; a snapshot has its own. The
 * image needs the tools of busybox or GNU and a {@code /workspace} that its user may write, or sudo without a password to make
 * it. The system outside the workspace can always be written. There is no network unless the spec asks for it.
 *
 * <p><b>What it costs.</b> Daytona charges for processors, memory and disk while a sandbox is started, and less for the disk of
 * one that is stopped. Ours never stop: Daytona's own auto-stop (15 minutes without traffic by default, programs that run do not
 * count) and auto-archive are off, and whatever stops a sandbox all the same destroys it (auto-delete after 0 minutes). Each has
 * an end at Daytona, at most an hour ahead, which the engine moves while its row lives; so what is left of a deployment that has
 * died costs an hour. A server that knows no such end stops, and so destroys, a sandbox after as long without traffic.
 *
 * <p><b>Commands</b> are run by a few shells that stay in the sandbox, as commands of its daemon's sessions: the first one costs
 * four requests and a WebSocket, which stays open for the next ones, and each of those one request. A stream of standard input,
 * a terminal, {@code freshExec()} and a seventh command at a time have a session's command of their own, with three or four
 * requests and a WebSocket. A shell ends with its connection, or five minutes after its last command; where the host was
 * killed, by itself within twenty. Output of up to a megabyte a stream travels in lines of the session's log,
 * each at most 2,880 bytes; larger pieces are left in files in {@code /tmp/.sandkeeper}, at most 5 MiB a stream, and fetched.
 * A command without a deadline ends when nothing has been heard of this host for 8 seconds. One of which nothing can be heard for
 * a minute, because its log cannot be read, fails, and so does what is done with files then. Whoever is the same user inside
 * can disturb this, and so lie about its own commands, but reaches nothing outside the sandbox.
 *
 * <p><b>The environment</b> of a spec, secrets included, is never told to Daytona's control plane, which would keep and show it: it
 * is written into a file in the sandbox that its own user alone may read. Neither is that of a command: it stands with the
 * arguments in a line of a shell's input, or in a file that is emptied when the command starts. The daemon's requests pass through Daytona's proxy by TLS.
 *
 * <p><b>A snapshot</b> keeps the file system and no memory: no process of the first sandbox is in the second one. The file with the
 * environment is removed from the second one when it is created, but the snapshot itself holds it, secrets included: whoever
 * may use the organisation's snapshots can read it. A snapshot has the size of its sandbox.
 *
 * <p><b>A terminal</b> is one of the daemon's, of at most 1,000 columns and rows. What it shows while the connection is cut is
 * lost, so that nothing is known of its command then.
 *
 * <p><b>Ports</b> are reached by TLS under a host name of their own. The preview is private: a request needs the header
 * {@code x-daytona-preview-token} with {@link #previewToken}, or the API key as a bearer.
 *
 * <p><b>What it does not give.</b> A stopped sandbox has lost its processes, so that stopping is no pause; Daytona's limits on
 * memory are per sandbox and known to it only; the list of sandboxes lags, so that it proves nothing absent.
 */
public final class DaytonaBackend implements SandboxBackend {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaBackend.class);

    private static final Set<Capability> CAPABILITIES = Set.of(
            Capability.FULL_NETWORK,
            Capability.PORTS,
            Capability.MEMORY_LIMIT,
            Capability.CPU_LIMIT,
            Capability.WRITABLE_ROOT,
            Capability.BACKGROUND,
            Capability.TERMINAL,
            Capability.PROVIDER_EXPIRY,
            Capability.SNAPSHOT);

    private static final Duration DESTROYING = Duration.ofSeconds(50);
    private static final Duration ATTACHING = Duration.ofSeconds(60);
    private static final Duration BEAT = Duration.ofSeconds(2);
    private static final Duration CLOSING = Duration.ofSeconds(5);
    private static final long LONGEST_PAUSE = 1000;
    private static final int PAGE = 200;
    private static final int MOST_PAGES = 500;

    private final String name;
    private final @Nullable String target;
    private final @Nullable String snapshot;
    private final @Nullable List<Wire.Mount> volumes;
    private final SpecRules rules;
    private final ProviderClient client;
    private final DaytonaApi api;
    private final Removal removal;
    private final ProviderEnds ends;
    private final Snapshots snapshots;
    private final Semaphore shells;
    private final ExecutorService workers;
    private final ScheduledThreadPoolExecutor timer;
    private final Set<DaytonaSandbox> open = ConcurrentHashMap.newKeySet();
    private @Nullable ScheduledFuture<?> beats;
    private volatile boolean closed;

    DaytonaBackend(
            String name,
            HttpUrl url,
            ProviderClient client,
            @Nullable String target,
            @Nullable String snapshot,
            @Nullable List<Wire.Mount> volumes,
            Duration callTimeout,
            Duration toolboxTimeout,
            int shells,
            Clock clock) {
        this.name = name;
        this.target = target;
        this.snapshot = snapshot;
        this.volumes = volumes;
        this.rules = new SpecRules(name);
        this.client = client;
        this.api = new DaytonaApi(client, url, callTimeout, toolboxTimeout);
        this.removal = new Removal(api);
        this.ends = new ProviderEnds(api, clock);
        this.snapshots = new Snapshots(name, api);
        this.shells = new Semaphore(shells);
        this.workers = Workers.create("sandkeeper-" + name);
        this.timer = new ScheduledThreadPoolExecutor(1, Workers.daemons("sandkeeper-" + name + "-timer"));
    }

    /**
     * The account that the environment names: {@code DAYTONA_API_KEY}, or {@code DAYTONA_JWT_TOKEN} with
     * {@code DAYTONA_ORGANIZATION_ID}; {@code DAYTONA_API_URL}, default {@code https://app.daytona.io/api}; and
     * {@code DAYTONA_TARGET}, default the organisation's region.
     *
     * @return a new backend; nothing is asked yet
     * @throws dev.sandkeeper.BackendRejectedException if it names none
     */
    public static DaytonaBackend fromEnvironment() {
        return builder().environment(System.getenv()).build();
    }

    /**
     * Starts a backend; needs a key or a token.
     *
     * @return a new builder
     */
    public static DaytonaBackendBuilder builder() {
        return new DaytonaBackendBuilder();
    }

    /**
     * A snapshot as what a sandbox is made from.
     *
     * @param name its name or id at Daytona
     * @return for {@link SandboxSpec.Builder#image}
     */
    public static String snapshot(String name) {
        if (!SpecRules.isSnapshotName(name)) {
            throw new IllegalArgumentException("name is no name of a snapshot: \"" + name + "\"");
        }
        return SpecRules.SNAPSHOT + name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Capability> capabilities() {
        return CAPABILITIES;
    }

    @Override
    public void validate(SandboxSpec spec) {
        rules.check(spec);
    }

    /** Waits as long as the spec's {@code createTimeout} allows. */
    @Override
    public BackendSandbox create(ProvisionRequest request) {
        interruptible("create a sandbox");
        Identity identity = new Identity(request.deployment(), request.sandboxId());
        Wire.NewSandbox wanted = SpecRules.body(
                identity,
                request.spec(),
                identity.labels(request.createdAt(), request.spec(), Creation.hasEnvironment(request)),
                target,
                snapshot,
                ends.minutes(request.expiresAt()),
                volumes);
        Creation.Made made = new Creation(api, removal, ends, request, wanted).run();
        return connected(made.sandbox(), made.toolbox());
    }

    private DaytonaSandbox connected(Wire.Sandbox sandbox, Toolbox toolbox) {
        DaytonaSandbox connection = new DaytonaSandbox(
                api,
                toolbox,
                sandbox.labelsOrNone(),
                Boolean.TRUE.equals(sandbox.networkBlockAll()),
                name,
                workers,
                shells);
        connection.onClose(() -> open.remove(connection));
        open.add(connection);
        beat();
        if (closed) {
            connection.close();
        }
        return connection;
    }

    private synchronized void beat() {
        if (beats == null && !closed) {
            beats = timer.scheduleAtFixedRate(
                    () -> open.forEach(DaytonaSandbox::beat), BEAT.toMillis(), BEAT.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** Daytona notes a sandbox before it answers, and holds the answer for 30 seconds at most. */
    @Override
    public Duration createSettlesWithin() {
        return Duration.ofMinutes(2);
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        Identity identity = new Identity(deployment, sandboxId);
        return api.find(identity.name())
                .filter(found -> Identity.of(found.labelsOrNone()).equals(Optional.of(identity)))
                .map(Wire.Sandbox::idOrFail);
    }

    @Override
    public ProviderState state(String providerRef) {
        try {
            return api.find(providerRef).map(found -> found.phase().state()).orElse(ProviderState.GONE);
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            LOG.debug("nothing is known of sandbox {}: {}", providerRef, e.getMessage());
            return ProviderState.UNKNOWN;
        }
    }

    /** Waits a minute at most for one that is on its way. */
    @Override
    public BackendSandbox attach(String providerRef) {
        interruptible("connect to sandbox " + providerRef);
        Wire.Sandbox found = running(providerRef);
        return connected(found, new Toolbox(api, providerRef, api.toolbox(found)));
    }

    private Wire.Sandbox running(String ref) {
        Deadline deadline = Deadline.in(ATTACHING);
        for (long pause = 50; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
            Wire.Sandbox found = api.find(ref).orElseThrow(() -> api.gone(ref, "Daytona does not have it"));
            switch (found.phase()) {
                case RUNNING -> {
                    return found;
                }
                case DESTROYED -> throw api.gone(ref, "Daytona does not have it");
                case FAILED, STOPPED, PAUSED -> throw api.gone(ref, "it is " + found.state());
                default -> {}
            }
            if (deadline.passed()) {
                throw new BackendUnavailableException(api.failure(
                        "sandbox_not_ready", "sandbox " + ref + " takes no commands yet: it is " + found.state()));
            }
            try {
                TimeUnit.MILLISECONDS.sleep(pause);
            } catch (InterruptedException e) {
                throw client.interrupted("connect to sandbox " + ref, e);
            }
        }
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        try {
            Wire.Sandbox found = running(providerRef);
            Toolbox toolbox = new Toolbox(api, providerRef, api.toolbox(found));
            return DaemonShell.control(toolbox).terminateAll(grace) == 0;
        } catch (SandboxGoneException e) {
            return true;
        }
    }

    /** Waits 50 seconds at most; a sandbox in a transition is destroyed once that is over. */
    @Override
    public void destroy(String providerRef) {
        interruptible("destroy sandbox " + providerRef);
        removal.destroy(providerRef, DESTROYING);
    }

    /**
     * The file system. Ends within 10 minutes, most of which Daytona takes for copying; the sandbox takes commands again when this
     * has ended.
     */
    @Override
    public Snapshot snapshot(String deployment, String providerRef, String snapshotName) {
        interruptible("make a snapshot of sandbox " + providerRef);
        return snapshots.make(deployment, providerRef, snapshotName);
    }

    /** Those too that Daytona could not make. */
    @Override
    public List<Snapshot> snapshots(String deployment) {
        interruptible("list snapshots");
        return snapshots.list(deployment);
    }

    /** Waits 50 seconds at most until it is gone. */
    @Override
    public void deleteSnapshot(String deployment, String image) {
        interruptible("delete snapshot " + image);
        snapshots.delete(deployment, image);
    }

    @Override
    public Instant extend(String providerRef, Instant until) {
        return ends.extend(providerRef, until);
    }

    /** Never complete: the list lags behind. */
    @Override
    public OwnedListing listOwned(String deployment) {
        interruptible("list sandboxes");
        List<OwnedResource> resources = new ArrayList<>();
        String cursor = null;
        for (int page = 0; page < MOST_PAGES; page++) {
            Wire.Page answer = api.list(Identity.filterOf(deployment), cursor, PAGE);
            for (Wire.Sandbox item : answer.items() == null ? List.<Wire.Sandbox>of() : answer.items()) {
                Identity.of(item.labelsOrNone())
                        .filter(owner -> owner.deployment().equals(deployment) && !"destroyed".equals(item.state()))
                        .ifPresent(owner -> resources.add(new OwnedResource(
                                item.idOrFail(), owner.sandboxId(), Identity.createdAt(item.labelsOrNone()))));
            }
            String next = answer.nextCursor();
            if (next == null || next.isEmpty() || next.equals(cursor)) {
                break;
            }
            cursor = next;
        }
        return new OwnedListing(resources, false);
    }

    /** Memory and disk as the daemon counts them; it counts no processor time. */
    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        try {
            Optional<Wire.Sandbox> found = api.find(providerRef).filter(each -> each.phase() == Phase.RUNNING);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            Wire.Metrics metrics = new Toolbox(api, providerRef, api.toolbox(found.get())).metrics();
            return metrics.memUsed() == null && metrics.diskUsed() == null
                    ? Optional.empty()
                    : Optional.of(new ResourceUsage(null, metrics.memUsed(), null, metrics.diskUsed()));
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            LOG.debug("nothing is known of the usage of {}: {}", providerRef, e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * The token that a request to a port of a sandbox must carry in the header {@code x-daytona-preview-token}.
     *
     * @param providerRef the sandbox's name at Daytona
     * @param port from 1 to 65,535
     * @return a secret: whoever has it reaches the port, until the sandbox is started anew
     * @throws SandboxGoneException if there is no such sandbox
     * @throws BackendUnavailableException if Daytona did not answer
     */
    public String previewToken(String providerRef, int port) {
        String token = api.preview(providerRef, port).token();
        if (token == null) {
            throw new BackendUnavailableException(
                    api.failure("answer_unreadable", "Daytona gave no token for sandbox " + providerRef));
        }
        return token;
    }

    @Override
    public BackendHealth health() {
        try {
            api.list(Identity.filterOf("health"), null, 1);
            return new BackendHealth(true, "Daytona answers and takes the key");
        } catch (SandboxException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    /** A call that is answered from memory or quickly must not miss an interrupt that came before. */
    private void interruptible(String what) {
        if (closed) {
            throw new BackendUnavailableException(Failure.of("backend_closed", "the backend is closed")
                    .backend(name)
                    .remedy("Use it before its manager is closed"));
        }
        if (Thread.currentThread().isInterrupted()) {
            throw client.interrupted(what, null);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        timer.shutdownNow();
        List<DaytonaSandbox> left = List.copyOf(open);
        left.forEach(connection -> workers.execute(connection::close));
        workers.shutdown();
        boolean interrupted = Thread.interrupted();
        try {
            if (!workers.awaitTermination(CLOSING.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("{}: not every connection was closed in time", name);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            workers.shutdownNow();
            client.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The name and the region; never the key. */
    @Override
    public String toString() {
        return "DaytonaBackend[" + name + (target == null ? "" : ", " + target) + "]";
    }
}

package dev.sandkeeper.fly;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.http.ProviderClientBuilder;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sandboxes as Machines of Fly.io, in one app or each in an app of its own. Safe from many threads.
 *
 * <p><b>What it costs.</b> A Machine is paid for by the second while it is started, by its size and region; this backend never
 * stops one, since a stopped one still pays for its disk: it is destroyed. Defaults are the second smallest size, a shared
 * processor with 512 MB, no volume, no address and no service. A Machine ends by itself with the end that is set inside it, an
 * hour ahead at most by default and moved while the sandbox lives, and destroys itself then. An app for all stays when its last
 * sandbox goes: an empty one costs nothing. An app of one sandbox goes with it, and with whatever else is in it.
 *
 * <p><b>How commands run.</b> Fly's exec takes 16 KiB, no longer than a minute, and streams nothing; so each command is started
 * by a short exec, goes on in the guest, and is asked after by others: output waits there in files of at most 2 MB a stream and
 * is fetched by offset, input is handed over in pieces of 9.6 KB, compressed, and a lost answer loses nothing. A command costs one exec at
 * least and a running one about one in 2 seconds; Fly lets a Machine run one exec a second, with three at once, so a megabyte
 * written that cannot be compressed takes about two minutes there. Seed large data by the image or let the sandbox fetch them.
 *
 * <p><b>Who runs them.</b> Execs of Fly are root's; commands are another user's, who is made if the image has none of the name,
 * and cannot reach what watches over them. An image needs {@code sh}, {@code setsid}, {@code setpriv} or {@code su}, and the
 * ordinary tools of busybox or GNU. The environment of a sandbox, secrets included, is part of the Machine's configuration,
 * which whoever may read the app at Fly can see; environment, input and content of a single command travel as standard input and
 * are in no argument vector.
 *
 * <p><b>What is missing.</b> Pausing: a suspended Machine may come back without its memory and files, as Fly says. Ports: a
 * Machine is reached by an address of the whole app and a header. Terminals: exec has none. Having no network: Fly closes no way
 * out, so that a spec must ask for {@code Network.full()}; Machines of one app reach each other on its private network, so use
 * {@link FlyBackendBuilder#appPerSandbox()} where they must not. Limits of processes and disk, and other users. Leases and
 * volumes are not used.
 *
 * <p>A create ends within the spec's {@code createTimeout} and 30 seconds; other calls within a minute.
 */
public final class FlyBackend implements SandboxBackend {
    private static final Logger LOG = LoggerFactory.getLogger(FlyBackend.class);

    private static final Set<Capability> CAPABILITIES = Set.of(
            Capability.FULL_NETWORK,
            Capability.MEMORY_LIMIT,
            Capability.CPU_LIMIT,
            Capability.WRITABLE_ROOT,
            Capability.BACKGROUND,
            Capability.PROVIDER_EXPIRY);

    private static final Duration SETTLES = Duration.ofMinutes(2);
    private static final Duration CLOSING = Duration.ofSeconds(10);
    private static final int LOOKS_A_SECOND = 20;
    private static final int HERTZ = 100;

    private final FlySettings settings;
    private final ProviderClient client;
    private final FlyApi api;
    private final Apps apps;
    private final Machines machines;
    private final SpecRules rules;
    private final AgentScript script = new AgentScript();
    private final ExecutorService workers;
    private final ScheduledExecutorService heart;
    private final Set<FlySandbox> open = ConcurrentHashMap.newKeySet();
    private boolean beats;

    FlyBackend(FlySettings settings, Token token) {
        this.settings = settings;
        ProviderClientBuilder builder = ProviderClient.builder(settings.name(), new FlyErrors())
                .secretHeader("Authorization", token.scheme(), token.text())
                .requestIdHeader("fly-request-id")
                .keepCookies()
                .clock(settings.clock())
                .connectTimeout(Duration.ofSeconds(5))
                .headTimeout(Duration.ofSeconds(30))
                .callTimeout(Duration.ofSeconds(45))
                .attempts(4)
                .calls(settings.calls())
                .repeatsLimited();
        this.client = builder.build();
        token.secrets().forEach(client.secrets()::add);
        this.api = new FlyApi(client, settings.url());
        AppsApi appsApi = new AppsApi(client, settings.url());
        this.apps = settings.appPerSandbox()
                ? new OwnApps(appsApi, settings.app(), Objects.requireNonNull(settings.organization(), "organization"))
                : new SharedApp(appsApi, api, settings);
        this.machines = new Machines(appsApi, api);
        this.rules = new SpecRules(settings, client);
        this.workers = Workers.create("sandkeeper-" + settings.name());
        this.heart =
                Executors.newSingleThreadScheduledExecutor(Workers.daemons("sandkeeper-" + settings.name() + "-heart"));
    }

    /**
     * A backend as the environment says: {@code FLY_API_TOKEN} and {@code FLY_APP}, which must be set; {@code FLY_ORG}, in which
     * the app is made if there is none; {@code FLY_REGION}, one or several separated by commas; {@code FLY_FLAPS_BASE_URL}.
     *
     * @return a new backend; nothing is asked yet
     * @throws BackendRejectedException if a variable is missing or unusable
     */
    public static FlyBackend fromEnvironment() {
        return fromEnvironment(System::getenv);
    }

    static FlyBackend fromEnvironment(Function<String, @Nullable String> environment) {
        return FlyBackendBuilder.of(environment).build();
    }

    /**
     * Starts a backend; everything else has a default.
     *
     * @param token of the app or its organization, with or without {@code Bearer} or {@code FlyV1} before it
     * @param app the app that Machines are made in: at most 63 lower-case letters, digits and hyphens; with {@link
     *     FlyBackendBuilder#appPerSandbox()} what the names of the apps begin with, at most 19
     * @return a new builder
     */
    public static FlyBackendBuilder builder(String token, String app) {
        return new FlyBackendBuilder(Token.of(token), app);
    }

    @Override
    public String name() {
        return settings.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return CAPABILITIES;
    }

    @Override
    public void validate(SandboxSpec spec) {
        rules.check(spec);
    }

    @Override
    public BackendSandbox create(ProvisionRequest request) {
        String app = apps.name(request.deployment(), request.sandboxId());
        MachineRef made = null;
        boolean ready = false;
        try {
            Deadline deadline = apps.prepare(app, request.spec().createTimeout());
            Creation creation = new Creation(api, settings, rules, script, request, app, deadline);
            MachineView view = creation.make();
            made = new MachineRef(app, view.id());
            creation.awaitStart(made, view.version());
            BackendSandbox sandbox = connect(made, apps.ref(made), deadline);
            ready = true;
            return sandbox;
        } finally {
            if (!ready) {
                removeQuietly(app, made);
            }
        }
    }

    /** What was made before a create failed; the engine destroys by id what is left. */
    private void removeQuietly(String app, @Nullable MachineRef made) {
        boolean interrupted = Thread.interrupted();
        try {
            apps.remove(app, made);
        } catch (SandboxException e) {
            LOG.debug("what was made in app {} is left to the engine", app, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public Duration createSettlesWithin() {
        return SETTLES;
    }

    @Override
    public Duration expiryHorizon() {
        return settings.expiryHorizon();
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        return apps.find(deployment, sandboxId).map(SandboxRef::toString);
    }

    @Override
    public ProviderState state(String providerRef) {
        try {
            return machines.find(checked(providerRef))
                    .map(MachineView::providerState)
                    .orElse(ProviderState.GONE);
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            LOG.debug("{} does not tell how it is", providerRef, e);
            return ProviderState.UNKNOWN;
        }
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        SandboxRef ref = checked(providerRef);
        MachineView view = machines.find(ref).orElse(null);
        if (view == null || !view.isStarted()) {
            String state = view == null ? "not there" : view.state();
            throw new SandboxGoneException(
                    null, null, client.failure("sandbox_gone", "Machine " + ref + " does not run: it is " + state));
        }
        return connect(new MachineRef(ref.app(), view.id()), ref, Deadline.in(Guest.PATIENCE));
    }

    private FlySandbox connect(MachineRef machine, SandboxRef ref, Deadline deadline) {
        Guest guest = new Guest(api, script, machine, Tags.next().substring(0, 16));
        long kills = guest.setUp(settings.user(), settings.userId(), deadline);
        FlySandbox sandbox = new FlySandbox(guest, ref, kills, settings.name(), workers, open::remove);
        open.add(sandbox);
        beat();
        return sandbox;
    }

    /** Once there is a connection, those that have commands tell their guests that this JVM lives. */
    private synchronized void beat() {
        if (!beats && !heart.isShutdown()) {
            beats = true;
            Future<?> beating =
                    heart.scheduleWithFixedDelay(() -> open.forEach(FlySandbox::beat), 1, 1, TimeUnit.SECONDS);
            LOG.trace("{} beats: {}", settings.name(), beating);
        }
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        SandboxRef ref = checked(providerRef);
        Deadline deadline = Deadline.in(grace);
        String ask = "1";
        try {
            MachineView view = machines.find(ref).orElse(null);
            if (view == null || view.hasEnded()) {
                return true;
            }
            Guest guest = new Guest(api, script, new MachineRef(ref.app(), view.id()), "-");
            guest.setUp(settings.user(), settings.userId(), Deadline.in(Guest.PATIENCE));
            do {
                long looks = Math.max(1, deadline.time().toMillis() * LOOKS_A_SECOND / 1000);
                Guest.Said said = guest.ask(false, "", List.of("terminate", ask, Long.toString(Math.min(100, looks))));
                if (said.word(1).equals("0")) {
                    return true;
                }
                ask = "0";
            } while (!deadline.passed());
            return false;
        } catch (SandboxGoneException e) {
            LOG.debug("{} has ended meanwhile", ref, e);
            return true;
        }
    }

    @Override
    public void destroy(String providerRef) {
        machines.destroy(checked(providerRef));
    }

    /**
     * {@inheritDoc}
     *
     * <p>It is kept inside the Machine by its first process, as a number of seconds from now, so that no clock has to be right.
     */
    @Override
    public Instant extend(String providerRef, Instant until) {
        MachineRef ref = machines.named(checked(providerRef));
        Instant now = settings.clock().instant();
        long seconds = Math.max(1, Duration.between(now, until).toSeconds());
        new Guest(api, script, ref, "-").ask(false, "", List.of("extend", Long.toString(seconds)));
        return now.plusSeconds(seconds);
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        return apps.listOwned(deployment);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Of the whole Machine, as its own kernel counts: processor time and memory.
     */
    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        SandboxRef ref = checked(providerRef);
        MachineView view = machines.find(ref).orElse(null);
        if (view == null || !view.isStarted()) {
            return Optional.empty();
        }
        try {
            MachineRef machine = new MachineRef(ref.app(), view.id());
            Guest.Said said = new Guest(api, script, machine, "-").ask(false, "", List.of("usage"));
            Duration cpu = Duration.ofMillis(Long.parseLong(said.word(1)) * (1000 / HERTZ));
            return Optional.of(new ResourceUsage(cpu, Long.parseLong(said.word(2)) << 10, null, null));
        } catch (SandboxGoneException e) {
            LOG.debug("{} has ended meanwhile", ref, e);
            return Optional.empty();
        } catch (NumberFormatException e) {
            LOG.debug("{} does not tell its usage", ref, e);
            return Optional.empty();
        }
    }

    @Override
    public BackendHealth health() {
        try {
            BackendHealth health = apps.health();
            return new BackendHealth(
                    health.usable(), "Fly.io Machines at " + settings.url().host() + ", " + health.detail());
        } catch (SandboxException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    private SandboxRef checked(String providerRef) {
        return SandboxRef.of(providerRef)
                .orElseThrow(() -> new BackendRejectedException(client.failure(
                                "provider_ref_invalid",
                                "\"" + providerRef + "\" is no app and Machine, and no app of one sandbox")
                        .remedy("Use a reference such as my-app/1857156b526dd8")));
    }

    @Override
    public void close() {
        heart.shutdownNow();
        List<Future<?>> closing = new ArrayList<>();
        Deadline deadline = Deadline.in(CLOSING);
        for (FlySandbox sandbox : List.copyOf(open)) {
            if (!workers.isShutdown()) {
                closing.add(workers.submit(sandbox::close));
            }
        }
        for (Future<?> each : closing) {
            await(each, deadline);
        }
        open.clear();
        client.close();
        workers.shutdownNow();
    }

    private static void await(Future<?> closing, Deadline deadline) {
        try {
            closing.get(deadline.left(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("a connection was not closed in order; its commands end by the guest's own deadline", e);
        }
    }

    /** The app or apps, and no secret. */
    @Override
    public String toString() {
        return "FlyBackend[" + settings.name() + ", " + apps + "]";
    }
}

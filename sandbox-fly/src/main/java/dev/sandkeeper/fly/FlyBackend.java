package dev.sandkeeper.fly;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
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
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
 * Sandboxes as Machines of Fly.io, in one app. Safe from many threads.
 *
 * <p><b>What it costs.</b> A Machine is paid for by the second while it is started, by its size and region; this backend never
 * stops one, since a stopped one still pays for its disk: it is destroyed. Defaults are the second smallest size, a shared
 * processor with 512 MB, no volume, no address and no service. A Machine ends by itself with the end that is set inside it, an
 * hour ahead at most by default and moved while the sandbox lives, and destroys itself then. The app stays when its last
 * sandbox goes: an empty one costs nothing.
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
 * an app of its own where they must not. Limits of processes and disk, and other users. Leases are not used.
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
    private static final Duration DESTRUCTION = Duration.ofSeconds(60);
    private static final Duration NEW_APP = Duration.ofSeconds(60);
    private static final Duration CLOSING = Duration.ofSeconds(10);
    private static final int LOOKS_A_SECOND = 20;
    private static final int HERTZ = 100;

    private final FlySettings settings;
    private final ProviderClient client;
    private final FlyApi api;
    private final SpecRules rules;
    private final AgentScript script = new AgentScript();
    private final ExecutorService workers;
    private final ScheduledExecutorService heart;
    private final Set<FlySandbox> open = ConcurrentHashMap.newKeySet();
    private boolean beats;
    private volatile boolean appIsThere;

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
     * @param app the app that Machines are made in: at most 63 lower-case letters, digits and hyphens
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
        ensureApp();
        MachineRef ref = null;
        boolean ready = false;
        Creation creation = new Creation(api, settings, rules, script, request);
        try {
            MachineView made = creation.make();
            ref = new MachineRef(settings.app(), made.id());
            creation.awaitStart(ref, made.version());
            BackendSandbox sandbox = connect(ref, creation.deadline());
            ready = true;
            return sandbox;
        } finally {
            if (!ready && ref != null) {
                removeQuietly(ref);
            }
        }
    }

    /** What was made before a create failed; the engine destroys by id what is left. */
    private void removeQuietly(MachineRef ref) {
        boolean interrupted = Thread.interrupted();
        try {
            api.destroy(ref);
        } catch (SandboxException e) {
            LOG.debug("Machine {} is left to the engine", ref, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void ensureApp() {
        if (appIsThere) {
            return;
        }
        String app = settings.app();
        if (!api.hasApp(app)) {
            if (settings.organization() == null) {
                throw new BackendRejectedException(client.failure("app_not_found", "there is no app \"" + app + "\"")
                        .remedy("Make it, or name the organization in which it may be made: FLY_ORG"));
            }
            api.createApp(app, settings.organization());
            awaitApp(app);
        }
        appIsThere = true;
    }

    /** Just after it was made, an app may not be known everywhere. */
    private void awaitApp(String app) {
        Deadline deadline = Deadline.in(NEW_APP);
        for (long wait = 100; !api.hasApp(app); wait = Math.min(2 * wait, 2000)) {
            if (deadline.passed()) {
                throw new BackendUnavailableException(client.failure(
                        "app_not_found",
                        "app \"" + app + "\" was made and is not found " + NEW_APP.toSeconds() + " seconds later"));
            }
            pause(wait, "make an app");
        }
    }

    private void pause(long millis, String what) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw client.interrupted(what, e);
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
        return api.list(settings.app(), Identity.SANDBOX, sandboxId.toString()).stream()
                .flatMap(List::stream)
                .filter(view -> !view.isDestroyed())
                .filter(view -> view.identity()
                        .filter(identity -> identity.deployment().equals(deployment))
                        .isPresent())
                .map(view -> new MachineRef(settings.app(), view.id()).toString())
                .findFirst();
    }

    @Override
    public ProviderState state(String providerRef) {
        try {
            return api.find(checked(providerRef))
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
        MachineRef ref = checked(providerRef);
        MachineView view = api.find(ref).orElse(null);
        if (view == null || !view.isStarted()) {
            String state = view == null ? "not there" : view.state();
            throw new SandboxGoneException(
                    null, null, client.failure("sandbox_gone", "Machine " + ref + " does not run: it is " + state));
        }
        return connect(ref, Deadline.in(Guest.PATIENCE));
    }

    private FlySandbox connect(MachineRef ref, Deadline deadline) {
        Guest guest = new Guest(api, script, ref, Tags.next().substring(0, 16));
        long kills = guest.setUp(settings.user(), settings.userId(), deadline);
        FlySandbox sandbox = new FlySandbox(guest, kills, settings.name(), workers, open::remove);
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
        MachineRef ref = checked(providerRef);
        Guest guest = new Guest(api, script, ref, "-");
        Deadline deadline = Deadline.in(grace);
        String ask = "1";
        try {
            MachineView view = api.find(ref).orElse(null);
            if (view == null || view.hasEnded()) {
                return true;
            }
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
        MachineRef ref = checked(providerRef);
        Deadline deadline = Deadline.in(DESTRUCTION);
        api.destroy(ref);
        for (long wait = 20; ; wait = Math.min(2 * wait, 1000)) {
            MachineView view = api.find(ref).orElse(null);
            if (view == null || view.isDestroyed()) {
                return;
            }
            if (deadline.passed()) {
                throw new BackendUnavailableException(client.failure(
                        "machine_not_gone",
                        "Machine " + ref + " is " + view.state() + " " + DESTRUCTION.toSeconds()
                                + " seconds after it was to be destroyed"));
            }
            if (!view.state().equals("destroying")) {
                api.destroy(ref);
            }
            pause(wait, "destroy a sandbox");
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>It is kept inside the Machine by its first process, as a number of seconds from now, so that no clock has to be right.
     */
    @Override
    public Instant extend(String providerRef, Instant until) {
        MachineRef ref = checked(providerRef);
        Instant now = settings.clock().instant();
        long seconds = Math.max(1, Duration.between(now, until).toSeconds());
        new Guest(api, script, ref, "-").ask(false, "", List.of("extend", Long.toString(seconds)));
        return now.plusSeconds(seconds);
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        Optional<List<MachineView>> views = api.list(settings.app(), Identity.DEPLOYMENT, deployment);
        List<OwnedResource> resources = new ArrayList<>();
        for (MachineView view : views.orElse(List.of())) {
            if (!view.isDestroyed()) {
                view.identity()
                        .ifPresent(identity -> resources.add(new OwnedResource(
                                new MachineRef(settings.app(), view.id()).toString(),
                                identity.sandboxId(),
                                identity.createdAt())));
            }
        }
        return new OwnedListing(resources, views.isPresent());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Of the whole Machine, as its own kernel counts: processor time and memory.
     */
    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        MachineRef ref = checked(providerRef);
        MachineView view = api.find(ref).orElse(null);
        if (view == null || !view.isStarted()) {
            return Optional.empty();
        }
        try {
            Guest.Said said = new Guest(api, script, ref, "-").ask(false, "", List.of("usage"));
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
        String where = "Fly.io Machines at " + settings.url().host() + ", app " + settings.app();
        try {
            if (api.hasApp(settings.app())) {
                return new BackendHealth(true, where);
            }
            return settings.organization() == null
                    ? new BackendHealth(false, where + ", which is not there. Make it, or set FLY_ORG")
                    : new BackendHealth(true, where + ", which will be made");
        } catch (SandboxException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    private MachineRef checked(String providerRef) {
        return MachineRef.of(providerRef)
                .orElseThrow(() -> new BackendRejectedException(
                        client.failure("provider_ref_invalid", "\"" + providerRef + "\" is no app and Machine")
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

    /** The app, and no secret. */
    @Override
    public String toString() {
        return "FlyBackend[" + settings.name() + ", app " + settings.app() + "]";
    }
}

package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Network;
import dev.sandkeeper.OutcomeUnknownException;
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
import java.net.URI;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sandboxes at <a href="https://e2b.dev">E2B</a>: a microVM each, made from a template. Thread-safe.
 *
 * <p><b>A sandbox</b> is made from the template that the spec names as its image, {@code base} without one; a snapshot's ID does
 * as well. Memory, processors and disk are the template's: a spec that asks for them is refused. Commands run as the template's
 * default user, with {@code /workspace} as their home, which is made where the template has none. Without
 * {@code Network.full()} nothing is reached from inside, and without {@code port(...)} nothing inside is reached from outside;
 * a port that was asked for is reached at a host name of its own, by https and by <em>anybody</em> who knows the name.
 *
 * <p><b>What it costs.</b> E2B bills a sandbox by the second while it runs, and not while it is paused; a paused one is kept
 * without a limit in time. Every sandbox is given an end at E2B, at most {@link #expiryHorizon()} ahead, 1 hour, which is moved
 * while it lives: what is left of an application that has died ends then, and is killed, not paused. A plan bounds how long a
 * sandbox runs at a time (1 hour on Hobby, 24 hours on Pro: {@link E2bBackendBuilder#longestRun}), how many run at a time (20
 * and 100: {@link dev.sandkeeper.QuotaExceededException} with code {@code plan_concurrency_limit}) and how many are made a
 * second.
 *
 * <p><b>Commands</b> run under a shell script of ours, each followed by a connection of its own. One that has no deadline ends 8
 * seconds after this JVM is gone, or cannot reach the sandbox any more; one with a deadline 5 seconds after that, whoever is
 * there. If a connection is lost, the command is found again and followed to its end, but what it printed meanwhile is thrown away
 * by E2B: that is reported with code {@code output_cut}, and no result made up. A process that has cleared its environment and
 * left its session and its parents is out of reach, as is one that was started by {@code sudo}.
 *
 * <p><b>A snapshot</b> keeps files and memory, and with the memory the environment that its sandbox was created with: where the
 * new one has no variable of that name, it may have the old one's. Commands that were running go on in the copy for as long as its
 * creation takes; they are killed then. What the template itself has started, or is out of reach as said above, goes on in the
 * copy too. E2B lists snapshots by name and team and tells no time of creation, and puts a new one in the place of another of
 * its name; that is refused here, but for two calls at the same time.
 *
 * <p><b>The environment</b> of a spec, secrets included, is kept by E2B with the sandbox: whoever has a key of the team can read it.
 *
 * <p>A call of the control plane ends within 60 seconds unless the builder says otherwise, creating, pausing and resuming
 * within 90; a create whose answer was lost looks for the sandbox for 15 seconds more, and a snapshot likewise.
 */
public final class E2bBackend implements SandboxBackend {
    static final String KEY_HEADER = "X-API-KEY";

    private static final Logger LOG = LoggerFactory.getLogger(E2bBackend.class);
    private static final Set<Capability> CAPABILITIES = Set.of(
            Capability.PAUSE,
            Capability.FULL_NETWORK,
            Capability.PORTS,
            Capability.WRITABLE_ROOT,
            Capability.BACKGROUND,
            Capability.TERMINAL,
            Capability.PROVIDER_EXPIRY,
            Capability.SNAPSHOT);

    private static final Duration HORIZON = Duration.ofHours(1);
    private static final Duration GOING = Duration.ofSeconds(10);
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final String name;
    private final String template;
    private final Duration longestRun;
    private final Duration lostCreate;
    private final Clock clock;
    private final ProviderClient client;
    private final Api api;
    private final EnvdAddress sandboxes;
    private final SignedUrls urls;
    private final Snapshots snapshots;
    private final SpecRules rules;
    private final ExecutorService workers;
    private final Set<E2bSandbox> open = ConcurrentHashMap.newKeySet();

    E2bBackend(E2bBackendBuilder builder) {
        name = builder.name;
        template = builder.template;
        longestRun = builder.longestRun;
        lostCreate = builder.lostCreate;
        clock = builder.clock;
        client = ProviderClient.builder(name, new ControlErrors())
                .secretHeader(KEY_HEADER, "", builder.apiKey())
                .callTimeout(builder.callTimeout)
                .calls(builder.calls)
                .streams(builder.commands)
                .clock(clock)
                .build();
        api = new Api(client, builder.api());
        sandboxes = builder.sandboxes();
        urls = new SignedUrls(sandboxes, clock, longestRun);
        snapshots = new Snapshots(name, client, api, lostCreate);
        rules = new SpecRules(name, longestRun);
        workers = Workers.create("sandkeeper-" + name);
    }

    /**
     * Configured as E2B's own tools are: {@code E2B_API_KEY}, {@code E2B_DOMAIN}, {@code E2B_API_URL} and
     * {@code E2B_SANDBOX_URL}.
     *
     * @return a new backend; nothing is asked yet
     * @throws dev.sandkeeper.BackendRejectedException if {@code E2B_API_KEY} is not set
     */
    public static E2bBackend fromEnvironment() {
        return E2bBackendBuilder.of(System.getenv()).build();
    }

    /**
     * Starts a backend.
     *
     * @param apiKey a key of the team, {@code e2b_} and hexadecimal digits; never shown
     * @return its settings
     */
    public static E2bBackendBuilder builder(String apiKey) {
        return new E2bBackendBuilder(apiKey);
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

    @Override
    public BackendSandbox create(ProvisionRequest request) {
        SandboxSpec spec = request.spec();
        Map<String, String> environment = new HashMap<>(request.environment());
        environment.putIfAbsent("HOME", SandboxSpec.WORKSPACE);
        boolean network = !(spec.network() instanceof Network.None);
        Wire.NewSandbox wanted = new Wire.NewSandbox(
                spec.image().orElse(template),
                seconds(request.expiresAt()),
                true,
                false,
                network,
                new Wire.NetworkRules(!spec.ports().isEmpty()),
                Identity.metadata(request),
                environment);
        Wire.Sandbox made = made(request, wanted);
        String ref = made.id();
        try {
            request.progress().accept("sandbox " + ref + " is made ready");
            E2bSandbox sandbox = connection(ref, made.metadata() == null ? with(made, wanted.metadata()) : made);
            sandbox.prepare();
            return sandbox;
        } catch (RuntimeException e) {
            removeQuietly(ref, e);
            throw e;
        }
    }

    private static Wire.Sandbox with(Wire.Sandbox made, Map<String, String> metadata) {
        return new Wire.Sandbox(
                made.sandboxID(),
                made.templateID(),
                made.domain(),
                made.envdVersion(),
                made.envdAccessToken(),
                made.state(),
                made.startedAt(),
                made.endAt(),
                metadata);
    }

    private Wire.Sandbox made(ProvisionRequest request, Wire.NewSandbox wanted) {
        try {
            return api.create(wanted);
        } catch (OutcomeUnknownException e) {
            request.progress().accept("the answer was lost: looking for the sandbox");
            return found(request)
                    .orElseThrow(() -> new OutcomeUnknownException(client.failure(
                                    "outcome_unknown", "the answer to a create was lost, and no sandbox was found yet")
                            .sandbox(request.sandboxId())
                            .cause(e)));
        }
    }

    /** It is listed as soon as it runs. */
    private Optional<Wire.Sandbox> found(ProvisionRequest request) {
        Deadline deadline = Deadline.in(lostCreate);
        for (long wait = 100; !deadline.passed(); wait = Math.min(2 * wait, 2000)) {
            try {
                Optional<Wire.Sandbox> sandbox =
                        find(request.deployment(), request.sandboxId()).flatMap(api::get);
                if (sandbox.isPresent()) {
                    return sandbox;
                }
            } catch (BackendUnavailableException e) {
                LOG.debug("{}: no answer while looking for {}", name, request.sandboxId(), e);
            }
            sleep(wait, "look for sandbox " + request.sandboxId());
        }
        return Optional.empty();
    }

    private void sleep(long milliseconds, String what) {
        try {
            TimeUnit.MILLISECONDS.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw client.interrupted(what, e);
        }
    }

    private void removeQuietly(String ref, RuntimeException fault) {
        boolean interrupted = Thread.interrupted();
        try {
            api.kill(ref);
        } catch (SandboxException e) {
            fault.addSuppressed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Until an end that is kept at the provider, as far away as the plan allows. */
    private int seconds(@Nullable Instant until) {
        Duration time = until == null ? expiryHorizon() : Duration.between(clock.instant(), until);
        Duration allowed = time.compareTo(longestRun) > 0 ? longestRun : time;
        return (int) Math.max(1, allowed.plusMillis(999).toSeconds());
    }

    private E2bSandbox connection(String ref, Wire.Sandbox sandbox) {
        Envd envd = new Envd(client, api, sandboxes, ref, sandbox);
        E2bSandbox connection = new E2bSandbox(name, envd, sandboxes, sandbox, rules, workers, open::remove);
        open.add(connection);
        return connection;
    }

    @Override
    public Duration createSettlesWithin() {
        return Duration.ofMinutes(2);
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        return api.list(Map.of(Identity.DEPLOYMENT, deployment, Identity.SANDBOX, sandboxId.toString())).stream()
                .flatMap(sandbox -> Identity.of(deployment, sandbox).stream())
                .filter(resource -> resource.sandboxId().equals(sandboxId))
                .map(OwnedResource::providerRef)
                .findFirst();
    }

    @Override
    public ProviderState state(String providerRef) {
        return api.state(providerRef);
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        return connection(providerRef, api.get(providerRef).orElseThrow(() -> gone(providerRef)));
    }

    private SandboxGoneException gone(String ref) {
        return new SandboxGoneException(
                null, null, client.failure("sandbox_gone", "there is no sandbox " + ref + " any more"));
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        Optional<Wire.Sandbox> sandbox = api.get(providerRef);
        if (sandbox.isEmpty()) {
            return true;
        }
        try {
            if (Api.state(sandbox) == ProviderState.PAUSED) {
                resume(providerRef);
            }
            Envd envd = new Envd(client, api, sandboxes, providerRef, sandbox.get());
            return new Scripts(envd).control().terminateAll(grace) == 0;
        } catch (SandboxGoneException e) {
            return true;
        }
    }

    @Override
    public void destroy(String providerRef) {
        Deadline deadline = Deadline.in(GOING);
        api.kill(providerRef);
        for (long wait = 50; api.get(providerRef).isPresent(); wait = Math.min(2 * wait, 1000)) {
            if (deadline.passed()) {
                throw new BackendUnavailableException(client.failure(
                                "not_destroyed", "sandbox " + providerRef + " is still there after it was destroyed")
                        .remedy("Try again"));
            }
            sleep(wait, "destroy sandbox " + providerRef);
        }
    }

    @Override
    public Duration expiryHorizon() {
        return HORIZON.compareTo(longestRun) > 0 ? longestRun : HORIZON;
    }

    /** A paused sandbox has no end: it is granted what is wanted. Resuming it sets one. */
    @Override
    public Instant extend(String providerRef, Instant until) {
        try {
            api.timeout(providerRef, seconds(until));
        } catch (SandboxGoneException e) {
            if (api.state(providerRef) == ProviderState.PAUSED) {
                return until;
            }
            throw e;
        }
        return api.get(providerRef)
                .map(sandbox -> instant(sandbox.endAt()).orElse(until))
                .orElseThrow(() -> gone(providerRef));
    }

    /** The plan's longest run is counted from the last start or resume; a paused sandbox is kept without a limit. */
    @Override
    public Optional<Instant> latestEnd(String providerRef) {
        return api.get(providerRef)
                .filter(sandbox -> Api.state(Optional.of(sandbox)) == ProviderState.PRESENT)
                .flatMap(sandbox -> instant(sandbox.startedAt()))
                .map(started -> started.plus(longestRun));
    }

    private static Optional<Instant> instant(@Nullable String text) {
        try {
            return text == null
                    ? Optional.empty()
                    : Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /**
     * Files and memory; E2B halts the sandbox for a moment. Ends within 90 seconds; one whose answer was lost is looked for, 15
     * seconds more.
     */
    @Override
    public Snapshot snapshot(String deployment, String providerRef, String snapshotName) {
        return snapshots.make(deployment, providerRef, snapshotName);
    }

    @Override
    public List<Snapshot> snapshots(String deployment) {
        return snapshots.list(deployment);
    }

    @Override
    public void deleteSnapshot(String deployment, String image) {
        snapshots.delete(deployment, image);
    }

    @Override
    public void pause(String providerRef) {
        api.pause(providerRef);
    }

    @Override
    public void resume(String providerRef) {
        api.connect(providerRef, (int) expiryHorizon().toSeconds());
    }

    /** Complete, as E2B's list is made from what it runs and keeps, and all pages were read. */
    @Override
    public OwnedListing listOwned(String deployment) {
        List<OwnedResource> resources = api.list(Map.of(Identity.DEPLOYMENT, deployment)).stream()
                .flatMap(sandbox -> Identity.of(deployment, sandbox).stream())
                .toList();
        return new OwnedListing(resources, true);
    }

    /**
     * Memory as of a few seconds ago. E2B does not tell the processor time, and of the disk only what the whole of it holds, the
     * system included: what the workspace holds is measured in the sandbox instead.
     */
    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        return api.metrics(providerRef).map(metric -> new ResourceUsage(null, metric.memUsed(), null, null));
    }

    /**
     * A URL from which anybody reads a file of a sandbox without a key, such as a browser: by {@code GET}, parts of it too.
     *
     * <p><b>The URL is a secret</b> itself: until it ends, whoever has it reads the file, whatever is in it by then. There is no
     * taking it back but destroying the sandbox. It is in no message and no log line of ours, and should be in none of the
     * application's; what is sent to a browser stays in its history.
     *
     * <p>Whether the file exists shows when it is fetched: E2B answers 404 if it does not, 400 if it is a directory, 401 after the
     * end, and 502 while the sandbox is paused and once it is gone. What is fetched so counts as no activity of the sandbox. Links
     * in the sandbox are followed, so that its programs decide what of the sandbox is sent; take it for hostile.
     *
     * <p>Asks E2B once. Safe from many threads, and to repeat.
     *
     * @param providerRef the sandbox's ID at E2B: {@link dev.sandkeeper.SandboxInfo#providerRef()}
     * @param path the file, relative to the workspace or absolute, as in {@link dev.sandkeeper.SandboxFiles}
     * @param validFor from now by the clock of this host, rounded up to seconds; more than 0 and at most
     *     {@link E2bBackendBuilder#longestRun}, 24 hours by default
     * @return the URL
     * @throws IllegalArgumentException if the path is empty, leaves the workspace, or has a NUL or bytes that are no text, or if
     *     the time is out of its bounds
     * @throws SandboxGoneException if there is no such sandbox
     * @throws BackendRejectedException with code {@code files_open} if it was not made by us and in such a way that E2B checks no
     *     signatures, so that the URL would never end; or if E2B does not take the key
     * @throws BackendUnavailableException if E2B did not answer
     */
    public URI downloadUrl(String providerRef, String path, Duration validFor) {
        return signed(providerRef, urls.wanted(SignedUrls.Operation.READ, path, validFor));
    }

    /**
     * A URL at which anybody writes a file of a sandbox without a key: by {@code POST}, the content either as the body with
     * {@code Content-Type: application/octet-stream}, or as the part {@code file} of a {@code multipart/form-data}, as a form in a
     * browser sends it.
     *
     * <p><b>The URL is a secret</b> itself: until it ends, whoever has it replaces the file, as often as they like. All that is
     * said at {@link #downloadUrl} of secrets, links and activity is true here.
     *
     * <p>Directories above the file are made, and belong to the sandbox's user, as does the file. A file that is there keeps its
     * permissions. Unlike {@link dev.sandkeeper.SandboxFiles#write(String, java.io.InputStream)} E2B writes in place: who reads
     * meanwhile sees a part, and what breaks off leaves one. E2B bounds the size by the room on the disk only, and answers 507
     * then.
     *
     * <p>Asks E2B once. Safe from many threads, and to repeat.
     *
     * @param providerRef the sandbox's ID at E2B: {@link dev.sandkeeper.SandboxInfo#providerRef()}
     * @param path the file, relative to the workspace or absolute, as in {@link dev.sandkeeper.SandboxFiles}
     * @param validFor how long, as at {@link #downloadUrl}; an upload that began before the end may go on after it
     * @return the URL
     * @throws IllegalArgumentException as {@link #downloadUrl}
     * @throws SandboxGoneException if there is no such sandbox
     * @throws BackendRejectedException as {@link #downloadUrl}
     * @throws BackendUnavailableException if E2B did not answer
     */
    public URI uploadUrl(String providerRef, String path, Duration validFor) {
        return signed(providerRef, urls.wanted(SignedUrls.Operation.WRITE, path, validFor));
    }

    private URI signed(String ref, SignedUrls.Wanted wanted) {
        Wire.Sandbox sandbox = api.get(ref).orElseThrow(() -> gone(ref));
        String token = sandbox.envdAccessToken();
        if (token == null || token.isEmpty()) {
            throw new BackendRejectedException(client.failure(
                            "files_open",
                            "sandbox " + ref + " has no access token: E2B checks no signature of its files, which"
                                    + " anybody reads and writes who knows its host name")
                    .remedy("Make it by a manager, or at E2B with secure: true"));
        }
        return urls.of(ref, sandbox, token, wanted);
    }

    @Override
    public BackendHealth health() {
        try {
            api.ping();
            return new BackendHealth(true, "E2B at " + api);
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    /** Ends the commands of its connections that run. */
    @Override
    public void close() {
        List<E2bSandbox> left = List.copyOf(open);
        left.forEach(sandbox -> workers.execute(sandbox::close));
        workers.shutdown();
        try {
            if (!workers.awaitTermination(CLOSING.toSeconds(), TimeUnit.SECONDS)) {
                LOG.debug("{}: commands are left to end by themselves", name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        client.close();
        workers.shutdownNow();
    }

    /** Its name. */
    @Override
    public String toString() {
        return "E2bBackend[" + name + "]";
    }
}

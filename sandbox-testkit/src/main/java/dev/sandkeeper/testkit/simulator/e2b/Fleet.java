package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.testkit.simulator.e2b.SimulatedSandbox.State;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import dev.sandkeeper.testkit.simulator.internal.Machines;
import dev.sandkeeper.testkit.simulator.internal.SavedFiles;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All sandboxes of the simulated team, and what happens to them. Safe from many threads. */
final class Fleet {
    private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final Duration WATCH = Duration.ofMillis(50);
    private static final Duration REMEMBERED = Duration.ofMinutes(10);
    private static final Duration LEAST_RESUMED = Duration.ofMinutes(5);
    /** Makes the home that E2B's templates have lead to the workspace; run as root. */
    private static final String LINK_HOME = "mkdir -p /home && ln -sfn /workspace /home/user";

    private final Settings settings;
    private final Machines machines;
    private final SimulatorServer server;
    private final Snapshots snapshots = new Snapshots();
    private final Map<String, SimulatedSandbox> all = new ConcurrentHashMap<>();
    private final SecureRandom random = new SecureRandom();
    private final byte[] secret = new byte[32];
    private int starting;

    Fleet(Settings settings, Machines machines, SimulatorServer server) {
        this.settings = settings;
        this.machines = machines;
        this.server = server;
        random.nextBytes(secret);
    }

    /** Ends sandboxes by time from now on. */
    void watch() {
        Future<?> endless = server.every(WATCH, this::endDue);
        LOG.debug("ends are watched for: {}", endless);
    }

    Instant now() {
        return settings.clock().instant().plus(server.faults().clockSkew());
    }

    Snapshots snapshots() {
        return snapshots;
    }

    List<String> ids() {
        return all.values().stream()
                .filter(sandbox -> !sandbox.gone())
                .map(SimulatedSandbox::id)
                .sorted()
                .toList();
    }

    /** Those that a list shows, which may be those of some time ago. */
    List<SimulatedSandbox> listed() {
        all.values().forEach(this::endIfDue);
        Duration lag = server.faults().listLag();
        if (lag.isZero()) {
            return all.values().stream().filter(each -> !each.gone()).toList();
        }
        Instant then = now().minus(lag);
        return all.values().stream().filter(each -> existedAt(each, then)).toList();
    }

    private static boolean existedAt(SimulatedSandbox sandbox, Instant then) {
        Instant gone = sandbox.goneAt();
        return !sandbox.madeAt().isAfter(then) && (gone == null || gone.isAfter(then));
    }

    /** One that exists: the control plane's 404 otherwise. */
    SimulatedSandbox get(String id) {
        return find(id).orElseThrow(() -> ApiErrors.notFound(id));
    }

    Optional<SimulatedSandbox> find(String id) {
        SimulatedSandbox found = all.get(id);
        if (found == null) {
            return Optional.empty();
        }
        endIfDue(found);
        return found.gone() ? Optional.empty() : Optional.of(found);
    }

    /** As {@link #find}, also while it is being killed. */
    Optional<SimulatedSandbox> findEnding(String id) {
        return Optional.ofNullable(all.get(id)).filter(each -> each.state() != State.GONE);
    }

    SimulatedSandbox create(NewSandbox request) {
        Optional<Snapshots.Snapshot> snapshot = snapshots.find(request.template());
        String alias = request.template().replaceFirst(":[^/]*$", "").replaceFirst("^.*/", "");
        if (snapshot.isEmpty() && !settings.templates().containsKey(alias)) {
            throw ApiErrors.noTemplate(request.template());
        }
        reserve();
        try {
            String image = settings.templates()
                    .getOrDefault(snapshot.map(Snapshots.Snapshot::image).orElse(alias), "");
            SimulatedSandbox sandbox = make(request, image, snapshot.map(Snapshots.Snapshot::content));
            server.pause(server.faults().transitionTime());
            return sandbox;
        } finally {
            release();
        }
    }

    private synchronized void reserve() {
        long running = all.values().stream()
                .filter(each -> each.state() == State.RUNNING)
                .count();
        if (running + starting >= settings.concurrentSandboxes()) {
            throw ApiErrors.refusal(
                    429,
                    "you have reached the maximum number of concurrent E2B sandboxes (" + settings.concurrentSandboxes()
                            + ")");
        }
        starting++;
    }

    private synchronized void release() {
        starting--;
    }

    private SimulatedSandbox make(NewSandbox request, String image, Optional<SavedFiles> content) {
        String id = "i" + letters(20);
        String templateId = content.isPresent() ? request.template().replaceFirst(":.*$", "") : templateId(image);
        Map<String, String> environment = new HashMap<>(request.environment());
        environment.put("E2B_SANDBOX", "true");
        environment.put("E2B_SANDBOX_ID", id);
        environment.put("E2B_TEMPLATE_ID", templateId);
        Machine machine;
        boolean homeLinked;
        try {
            machine = machines.create(spec(image), environment);
            homeLinked = prepare(machine, content);
        } catch (SandboxException e) {
            LOG.warn("no sandbox was made: {}", e.toString());
            throw ApiErrors.refusal(500, "sandbox_create_failed", "Failed to create sandbox");
        }
        String traffic = allowsPublicTraffic(request) ? null : hash("traffic:" + id);
        SimulatedSandbox sandbox =
                new SimulatedSandbox(request, id, templateId, hash(id), traffic, machine, homeLinked, now());
        all.put(id, sandbox);
        return sandbox;
    }

    private static boolean allowsPublicTraffic(NewSandbox request) {
        return request.network() == null
                || request.network().path("allowPublicTraffic").asBoolean(true);
    }

    private SandboxSpec spec(String image) {
        SandboxSpec.Builder spec = SandboxSpec.builder();
        if (!image.isEmpty()) {
            spec.image(image);
        }
        if (can(Capability.WRITABLE_ROOT)) {
            spec.writableRoot();
        }
        if (can(Capability.PROCESS_LIFETIME) && !can(Capability.PAUSE)) {
            spec.lifetime(Lifetime.PROCESS);
        }
        return spec.build();
    }

    private boolean can(Capability capability) {
        return machines.backing().capabilities().contains(capability);
    }

    private boolean prepare(Machine machine, Optional<SavedFiles> content) {
        content.ifPresent(saved -> saved.putInto(machine.files()));
        if (!can(Capability.WRITABLE_ROOT) || !can(Capability.COMMAND_USER)) {
            return false;
        }
        try {
            return machine.script(LINK_HOME, "root").exitCode() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Ends it; answers whether there was anything to end. */
    boolean kill(SimulatedSandbox sandbox) {
        if (!sandbox.beginKilling(now())) {
            return false;
        }
        server.pause(server.faults().transitionTime());
        sandbox.machine().destroy();
        sandbox.become(State.KILLING, State.GONE);
        return true;
    }

    void pause(SimulatedSandbox sandbox) {
        if (!sandbox.become(State.RUNNING, State.PAUSING)) {
            throw sandbox.state() == State.PAUSED || sandbox.state() == State.PAUSING
                    ? ApiErrors.refusal(409, "Error pausing sandbox - sandbox '" + sandbox.id() + "' is already paused")
                    : ApiErrors.transitioning(sandbox.id());
        }
        server.pause(server.faults().transitionTime());
        try {
            sandbox.machine().pause();
        } catch (SandboxException e) {
            sandbox.become(State.PAUSING, State.RUNNING);
            throw ApiErrors.refusal(500, "internal_server_error", "Error pausing sandbox");
        }
        sandbox.runsUntil(sandbox.startedAt(), now());
        sandbox.become(State.PAUSING, State.PAUSED);
    }

    /** Resumes it unless it runs; answers whether it was paused. */
    boolean resume(SimulatedSandbox sandbox, Duration timeout) {
        for (int i = 0; i < 100 && sandbox.state() == State.PAUSING; i++) {
            server.pause(Duration.ofMillis(100));
        }
        if (!sandbox.become(State.PAUSED, State.RESUMING)) {
            if (sandbox.state() == State.RUNNING) {
                return false;
            }
            throw ApiErrors.transitioning(sandbox.id());
        }
        server.pause(server.faults().transitionTime());
        try {
            sandbox.machine().resume();
        } catch (SandboxException e) {
            sandbox.become(State.RESUMING, State.PAUSED);
            throw ApiErrors.refusal(500, "internal_server_error", "Error resuming sandbox");
        }
        Instant now = now();
        sandbox.runsUntil(now, now.plus(timeout));
        sandbox.become(State.RESUMING, State.RUNNING);
        return true;
    }

    /** What traffic to a paused sandbox does where it was asked for. */
    void resumeForTraffic(SimulatedSandbox sandbox) {
        Duration own = sandbox.request().timeout();
        Duration timeout = own.compareTo(LEAST_RESUMED) < 0 ? LEAST_RESUMED : own;
        resume(sandbox, timeout.compareTo(settings.longestLife()) > 0 ? settings.longestLife() : timeout);
    }

    /** Moves the end of one that runs. */
    void endIn(SimulatedSandbox sandbox, Duration time, boolean onlyLater) {
        if (sandbox.state() != State.RUNNING) {
            throw sandbox.showsPaused() ? ApiErrors.notFound(sandbox.id()) : ApiErrors.transitioning(sandbox.id());
        }
        Instant latest = sandbox.startedAt().plus(settings.longestLife());
        Instant now = now();
        if (now.isAfter(latest)) {
            throw ApiErrors.badRequest("Max instance length exceeded");
        }
        Instant wanted = now.plus(time);
        Instant end = wanted.isAfter(latest) ? latest : wanted;
        if (!onlyLater || end.isAfter(sandbox.endAt())) {
            sandbox.runsUntil(sandbox.startedAt(), end);
        }
    }

    /** Copies a running sandbox. */
    SimulatedSandbox fork(SimulatedSandbox source, Duration timeout) {
        reserve();
        try {
            String image = settings.templates().getOrDefault(source.request().template(), "");
            return make(source.request().withTimeout(timeout), image, Optional.of(content(source)));
        } finally {
            release();
        }
    }

    Snapshots.Snapshot snapshot(SimulatedSandbox source, @Nullable String name) {
        return snapshots.add(letters(20), name, source.id(), source.request().template(), content(source));
    }

    private static SavedFiles content(SimulatedSandbox source) {
        try {
            return SavedFiles.of(source.machine().files(), Paths.WORKSPACE);
        } catch (IOException | SandboxException e) {
            throw ApiErrors.refusal(500, "internal_server_error", "Error creating snapshot");
        }
    }

    /** Loses the machine under a sandbox, as when its host fails: the sandbox is gone with it. */
    void lose(String id) {
        find(id).ifPresent(this::kill);
    }

    private void endDue() {
        Instant past = now().minus(REMEMBERED);
        all.values().removeIf(each -> each.goneAt() != null && past.isAfter(each.goneAt()));
        for (SimulatedSandbox each : all.values()) {
            if (due(each)) {
                server.run("end", () -> endIfDue(each));
            }
        }
    }

    private boolean due(SimulatedSandbox sandbox) {
        return sandbox.state() == State.RUNNING && !now().isBefore(sandbox.endAt());
    }

    private void endIfDue(SimulatedSandbox sandbox) {
        if (!due(sandbox)) {
            return;
        }
        if (!sandbox.request().autoPause()) {
            kill(sandbox);
            return;
        }
        try {
            pause(sandbox);
        } catch (RuntimeException e) {
            LOG.debug("{} was not paused at its end: {}", sandbox.id(), e.toString());
        }
    }

    /** Templates have ids of their own; which one is the same as long as the simulator runs. */
    private String templateId(String image) {
        return hash("template:" + image).substring(0, 20);
    }

    private String letters(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return text.toString();
    }

    private String hash(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}

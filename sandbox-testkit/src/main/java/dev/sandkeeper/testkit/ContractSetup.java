package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What a backend's author supplies, and what each test of the contract starts and ends with. */
abstract class ContractSetup {
    /** A process that shows that it lives: the file {@code beat} in the workspace grows. */
    static final String BEATING = "while :; do echo x >> /workspace/beat; sleep 0.1; done";

    private final String deployment = "contract-" + UUID.randomUUID().toString().substring(0, 8);
    private final Queue<SandboxBackend> backends = new ConcurrentLinkedQueue<>();
    private final Queue<Running> commands = new ConcurrentLinkedQueue<>();
    private Set<Thread> threadsBefore = Set.of();
    private @Nullable SandboxBackend backend;
    private @Nullable BackendSandbox sandbox;

    /** For subclasses. */
    ContractSetup() {}

    /**
     * Makes a backend. Called again within a test it makes another one over the same provider, as another JVM would.
     *
     * @return a new backend; the contract closes it
     */
    protected abstract SandboxBackend backend();

    /**
     * What the contract's sandboxes are made from. They need {@code sh}, {@code setsid}, and the ordinary tools of busybox or
     * of GNU.
     *
     * @return the spec, without labels and limits; default {@code SandboxSpec.builder().build()}
     */
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }

    /**
     * How long anything may take before it counts as hanging.
     *
     * @return default 1 minute, for machines that have much else to do
     */
    protected Duration patience() {
        return Duration.ofMinutes(1);
    }

    /**
     * The clock that times of creation and ends are made with.
     *
     * @return default the system's
     */
    protected Clock clock() {
        return Clock.systemUTC();
    }

    /**
     * A spec that breaks a rule of the provider and needs no capability.
     *
     * @return the spec; nothing, which is the default, if there is no such rule
     */
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.empty();
    }

    /**
     * Leaves behind what a create leaves that dies halfway.
     *
     * @param request what was to be created
     * @return whether it did; default false, if that cannot be done
     */
    protected boolean leaveHalfMade(ProvisionRequest request) {
        return false;
    }

    /**
     * Whether a thread is the provider's and may outlive a test, where a simulator of it runs in this JVM for all of them.
     *
     * @param thread its name
     * @return default: whether it starts with {@code simulator-}
     */
    protected boolean isOfProvider(String thread) {
        return thread.startsWith("simulator-");
    }

    @BeforeEach
    void rememberThreads() {
        threadsBefore = LeakChecks.liveThreads();
    }

    @AfterEach
    void leavesNothingBehind() {
        try {
            SandboxBackend cleaner = another();
            destroyAll(cleaner);
            List<OwnedResource> left = cleaner.listOwned(deployment).resources();
            assertThat(left).as("what is left at the provider after the test").isEmpty();
        } finally {
            commands.forEach(running -> running.process().close());
            backends.forEach(SandboxBackend::close);
        }
        LeakChecks.assertNoThreadsSince(threadsBefore, patience(), this::isOfProvider);
    }

    private void destroyAll(SandboxBackend cleaner) {
        var often = await().atMost(patience()).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
        often.pollInSameThread().until(() -> {
            List<OwnedResource> left = cleaner.listOwned(deployment).resources();
            left.forEach(resource -> cleaner.destroy(resource.providerRef()));
            return left.isEmpty();
        });
    }

    /** The backend of this test. */
    final SandboxBackend first() {
        if (backend == null) {
            backend = another();
        }
        return backend;
    }

    final SandboxBackend another() {
        SandboxBackend made = backend();
        backends.add(made);
        return made;
    }

    final String deployment() {
        return deployment;
    }

    /** The sandbox of this test, made when it is first asked for. */
    final BackendSandbox sandbox() {
        if (sandbox == null) {
            sandbox = first().create(request());
        }
        return sandbox;
    }

    final BackendFiles files() {
        return sandbox().files();
    }

    final ProvisionRequest request() {
        return request(spec(), Map.of());
    }

    final ProvisionRequest request(SandboxSpec spec, Map<String, String> environment) {
        Instant now = clock().instant().truncatedTo(ChronoUnit.MILLIS);
        return new ProvisionRequest(
                deployment, SandboxId.generate(now.toEpochMilli()), now, null, spec, environment, text -> {});
    }

    static ProcessRequest command(String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), SandboxSpec.WORKSPACE, null, false, null);
    }

    static ProcessRequest script(String text) {
        return command("sh", "-c", text);
    }

    static ProcessRequest withStdin(ProcessRequest request) {
        return new ProcessRequest(
                request.arguments(), request.environment(), request.workingDirectory(), request.user(), true, null);
    }

    static ProcessRequest withEnvironment(ProcessRequest request, Map<String, String> environment) {
        return new ProcessRequest(
                request.arguments(), environment, request.workingDirectory(), request.user(), request.stdin(), null);
    }

    static ProcessRequest withDeadline(ProcessRequest request, Duration deadline) {
        return new ProcessRequest(
                request.arguments(),
                request.environment(),
                request.workingDirectory(),
                request.user(),
                request.stdin(),
                deadline);
    }

    static ProcessRequest in(String directory, ProcessRequest request) {
        return new ProcessRequest(
                request.arguments(), request.environment(), directory, request.user(), request.stdin(), null);
    }

    final Running start(ProcessRequest request) {
        return start(sandbox(), request, new Output());
    }

    final Running start(BackendSandbox where, ProcessRequest request, Output output) {
        Running running = new Running(where.start(request), output, patience());
        commands.add(running);
        return running;
    }

    final Running run(ProcessRequest request) {
        return start(request).awaitEnd();
    }

    final Running shell(String text) {
        return run(script(text));
    }

    final long beats() {
        try {
            return files().stat("/workspace/beat").size();
        } catch (FileAccessException e) {
            assertThat(e.code()).isEqualTo("file_not_found");
            return 0;
        }
    }

    /** Waits until the process that beats has beaten again. */
    final void assertBeats() {
        assertBeatsBeyond(beats());
    }

    /** Waits until the process that beats has done so more often than that. */
    final void assertBeatsBeyond(long before) {
        await().atMost(patience()).pollInSameThread().until(() -> beats() > before);
    }

    /** Insists that nothing beats any more. */
    final void assertSilent() {
        long before = beats();
        pause(Duration.ofMillis(500));
        assertThat(beats()).as("beats of a process that must be gone").isEqualTo(before);
    }

    /** Waits until nothing beats any more. */
    final void assertEndsBeating() {
        await().atMost(patience()).pollInSameThread().untilAsserted(this::assertSilent);
    }

    static void pause(Duration time) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < time.toNanos()) {
            LockSupport.parkNanos(time.toNanos() - (System.nanoTime() - start));
        }
    }

    /** Runs things at the same time and waits for all of them; rethrows what the first of them threw. */
    final void atOnce(List<Runnable> tasks) {
        List<Attempt> attempts = new ArrayList<>();
        tasks.forEach(task -> attempts.add(Attempt.of(task)));
        attempts.forEach(attempt -> attempt.join(patience()));
    }
}

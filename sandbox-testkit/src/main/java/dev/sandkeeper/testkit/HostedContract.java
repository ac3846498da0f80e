package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxProcess;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a backend of a hosted provider must hold over a simulator of it: under faults nothing leaks, hangs or lies; many
 * commands at a time share one client; and thousands of rounds need no more descriptors than a few. How much of it is done,
 * system properties say, whose defaults are made for CI: {@code sandkeeper.hosted.runs} (40), {@code
 * sandkeeper.hosted.sandboxes} (20) and {@code sandkeeper.hosted.rounds} (100).
 */
public abstract class HostedContract {
    private static final Logger LOG = LoggerFactory.getLogger(HostedContract.class);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration SLACK = Duration.ofSeconds(2);
    private static final Duration CREATE = Duration.ofSeconds(30);
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration GRACE = Duration.ofSeconds(1);
    /** What ending a command may take beyond its grace. */
    private static final Duration ENDING = Duration.ofSeconds(10);

    private static final int THREADS = 8;

    /** For subclasses. */
    protected HostedContract() {}

    /**
     * Makes a backend over the simulator, whose calls have short deadlines.
     *
     * @return a new backend, which a manager closes
     */
    protected abstract SandboxBackend backend();

    /**
     * What sandboxes are made from.
     *
     * @return the spec; default the builder's
     */
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }

    /**
     * The simulator's plan of faults.
     *
     * @return always the same one
     */
    protected abstract SimulatorFaults faults();

    /**
     * How much goes wrong at most.
     *
     * @return the share of requests that each kind of fault hits; default 0.04
     */
    protected double mostFaults() {
        return 0.04;
    }

    /**
     * What is left at the simulator.
     *
     * @return how many sandboxes it has
     */
    protected abstract int sandboxesLeft();

    /**
     * How long starting a command may take.
     *
     * @return the bound that the backend documents, as it is configured here
     */
    protected abstract Duration startBound();

    /**
     * How long reading or writing a small file may take.
     *
     * @return the bound that the backend documents, as it is configured here; default 60 seconds
     */
    protected Duration fileBound() {
        return Duration.ofSeconds(60);
    }

    private static SandboxManager manager(SandboxBackend backend) {
        return SandboxManager.builder()
                .backend(backend)
                .store(SandboxStore.inMemory())
                .cleanup(CleanupSettings.builder()
                        .lookInterval(Duration.ofMillis(200))
                        .sweepGrace(Duration.ofSeconds(2))
                        .sweepInterval(Duration.ofSeconds(1))
                        .retry(Duration.ofMillis(200), Duration.ofSeconds(2))
                        .rateLimit(100)
                        .build())
                .build();
    }

    @Test
    final void underFaultsNothingLeaksHangsOrLies() throws Exception {
        int runs = Integer.getInteger("sandkeeper.hosted.runs", 40);
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        Map<String, AtomicInteger> outcomes = new ConcurrentHashMap<>();
        try (SandboxManager manager = manager(backend())) {
            List<Callable<@Nullable Void>> tasks = new ArrayList<>();
            for (int run = 0; run < runs; run++) {
                long seed = run;
                tasks.add(() -> {
                    if (seed % 20 == 0) {
                        scatter(seed);
                    }
                    new FaultyRun(manager, seed, wrong, outcomes).run();
                    return null;
                });
            }
            inParallel(tasks, THREADS);
            faults().heal();
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> sandboxesLeft() == 0);
        }
        LOG.warn("{} runs under faults: {}", runs, new TreeMap<>(outcomes));
        assertThat(wrong).as("hung calls and wrong results").isEmpty();
        assertThat(sandboxesLeft()).as("leaked sandboxes").isZero();
        assertThat(outcomes).as("what a run comes to").containsKey("exec right");
    }

    /** Lets everything go wrong that simulators know, from now on. */
    private void scatter(long seed) {
        Random random = new Random(seed);
        double often = mostFaults() * (1 + 3 * random.nextDouble()) / 4;
        faults().heal()
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_ANSWER), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_REQUEST), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.CUT), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.STALL, Duration.ofSeconds(2)), often / 2)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.SLOW, Duration.ofMillis(500)), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofSeconds(1)), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED), often / 2)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.serverError(500), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.serverError(503), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.SANDBOX_DIES, Duration.ofMillis(50)), often / 8)
                .listsLagBy(Duration.ofMillis(random.nextInt(500)))
                .transitionsTake(Duration.ofMillis(random.nextInt(300)))
                .clockIsOffBy(Duration.ofSeconds(random.nextInt(7200) - 3600));
    }

    /** Creates, runs a command, writes and reads a file, destroys. */
    private final class FaultyRun {
        private final SandboxManager manager;
        private final Random random;
        private final long seed;
        private final Queue<String> wrong;
        private final Map<String, AtomicInteger> outcomes;

        FaultyRun(SandboxManager manager, long seed, Queue<String> wrong, Map<String, AtomicInteger> outcomes) {
            this.manager = manager;
            this.random = new Random(seed);
            this.seed = seed;
            this.wrong = wrong;
            this.outcomes = outcomes;
        }

        void run() {
            Sandbox sandbox = timed(
                    "create",
                    CREATE,
                    () -> manager.create(
                            spec().toBuilder().createTimeout(CREATE).build()));
            if (sandbox == null) {
                return;
            }
            for (int i = 0; i < 2; i++) {
                exec(sandbox);
                files(sandbox, i);
            }
            timed("destroy", fileBound(), () -> {
                sandbox.destroy();
                return "";
            });
            sandbox.close();
        }

        private void exec(Sandbox sandbox) {
            String text = "line " + random.nextLong();
            int code = random.nextInt(3);
            Command command = Command.builder("sh", "-c", "echo \"$1\"; exit $2", "sh", text, Integer.toString(code))
                    .deadline(DEADLINE)
                    .grace(GRACE)
                    .build();
            Duration bound = startBound().plus(DEADLINE).plus(GRACE).plus(ENDING);
            ExecResult result = timed("exec", bound, () -> sandbox.exec(command));
            if (result == null) {
                return;
            }
            if (result.timedOut()) {
                count("exec timed out");
            } else if (result.exitCode() != code || !result.stdout().equals(text + "\n")) {
                wrong.add("run " + seed + ": exit " + result.exitCode() + " instead of " + code + ", \""
                        + result.stdout() + "\" instead of \"" + text + "\"");
            } else {
                count("exec right");
            }
        }

        private void files(Sandbox sandbox, int number) {
            String text = "content " + random.nextLong();
            String path = "file-" + number;
            String written = timed("write", fileBound(), () -> {
                sandbox.files().write(path, text);
                return text;
            });
            if (written == null) {
                return;
            }
            String read = timed("read", fileBound(), () -> sandbox.files().readString(path));
            if (read != null && !read.equals(text)) {
                wrong.add("run " + seed + ": read \"" + read + "\" instead of \"" + text + "\"");
            }
        }

        private <T> @Nullable T timed(String what, Duration bound, Callable<T> call) {
            long start = System.nanoTime();
            try {
                T result = call.call();
                count(what + " done");
                return result;
            } catch (SandboxException e) {
                count(what + " " + e.code());
                LOG.debug("run {}: {}", seed, what, e);
                return null;
            } catch (Exception e) {
                wrong.add("run " + seed + ": " + what + " threw " + e);
                LOG.debug("run {}: {}", seed, what, e);
                return null;
            } finally {
                Duration took = Duration.ofNanos(System.nanoTime() - start);
                if (took.compareTo(bound.plus(SLACK)) > 0) {
                    wrong.add("run " + seed + ": " + what + " took " + took);
                }
            }
        }

        private void count(String outcome) {
            outcomes.computeIfAbsent(outcome, key -> new AtomicInteger()).incrementAndGet();
        }
    }

    private static void inParallel(List<Callable<@Nullable Void>> tasks, int threads)
            throws InterruptedException, ExecutionException {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            for (Future<@Nullable Void> future : executor.invokeAll(tasks)) {
                future.get();
            }
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    final void manyCommandsInManySandboxesShareOneClient() throws Exception {
        int many = Integer.getInteger("sandkeeper.hosted.sandboxes", 20);
        Queue<Sandbox> sandboxes = new ConcurrentLinkedQueue<>();
        Queue<SandboxProcess> processes = new ConcurrentLinkedQueue<>();
        try (SandboxManager manager = manager(backend())) {
            List<Callable<@Nullable Void>> tasks = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                tasks.add(() -> {
                    Sandbox sandbox = manager.create(spec());
                    sandboxes.add(sandbox);
                    processes.add(sandbox.start(
                            Command.builder("sh", "-c", "echo ready; while [ ! -e stop ]; do sleep 0.5; done; exit 7")
                                    .deadline(Duration.ofMinutes(10))
                                    .build()));
                    return null;
                });
            }
            inParallel(tasks, THREADS);
            long descriptors = descriptors();
            LOG.warn("{} commands run: {} descriptors, {} threads", many, descriptors, Thread.activeCount());
            tasks.clear();
            for (Sandbox sandbox : sandboxes) {
                tasks.add(() -> {
                    assertThat(sandbox.exec("echo", "quick").stdout()).isEqualTo("quick\n");
                    sandbox.files().write("stop", "");
                    return null;
                });
            }
            inParallel(tasks, THREADS);
            for (SandboxProcess process : processes) {
                assertThat(process.onExit().get().exitCode()).isEqualTo(7);
            }
            tasks.clear();
            for (Sandbox sandbox : sandboxes) {
                tasks.add(() -> {
                    sandbox.destroy();
                    sandbox.close();
                    return null;
                });
            }
            inParallel(tasks, THREADS);
        }
        assertThat(sandboxesLeft()).isZero();
    }

    @Test
    final void manyRoundsNeedNoMoreDescriptors() throws Exception {
        int rounds = Integer.getInteger("sandkeeper.hosted.rounds", 100);
        try (SandboxManager manager = manager(backend())) {
            rounds(manager, 20);
            long before = descriptors();
            rounds(manager, rounds);
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(200))
                    .untilAsserted(() -> assertThat(descriptors()).isLessThanOrEqualTo(before + 20));
            LOG.warn("{} rounds: {} descriptors before, {} after", rounds, before, descriptors());
        }
        assertThat(sandboxesLeft()).isZero();
    }

    private void rounds(SandboxManager manager, int count) throws InterruptedException, ExecutionException {
        List<Callable<@Nullable Void>> tasks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            tasks.add(() -> {
                try (Sandbox sandbox = manager.create(spec())) {
                    assertThat(sandbox.exec("echo", "round").stdout()).isEqualTo("round\n");
                    sandbox.destroy();
                }
                return null;
            });
        }
        inParallel(tasks, 4);
    }

    /** Of this process; 0 where the system does not tell. */
    private static long descriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        } catch (IOException e) {
            return 0;
        }
    }
}

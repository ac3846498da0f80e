package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.cleanup.CleanupRequest;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.store.SandboxStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Running sandboxes on Docker, from their claim to the archive, and beside them {@code docker rm -f -v} of as many that are
 * just like them, as many at a time. Ours removes their labelled volume too, which {@code rm} leaves.
 */
final class CleanupBench {
    private static final int PARALLELISM = 4;
    private static final String OURS = "sandkeeper: claim, destroy, archive";
    private static final String RM = "docker rm -f -v";

    private final Options options;
    private final Report report;

    CleanupBench(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        Path directory = Files.createTempDirectory("sandkeeper-bench");
        ExecutorService threads = Executors.newFixedThreadPool(PARALLELISM);
        int count = options.times(100, 8);
        Timings all = new Timings();
        try (SandboxStore store = SandboxStore.builder()
                        .embedded(directory.resolve("store"))
                        .deployment(options.run())
                        .open();
                SandboxManager manager = SandboxManager.builder()
                        .backend(DockerBackend.create())
                        .store(store)
                        .cleanup(CleanupSettings.builder()
                                .manual()
                                .parallelism(PARALLELISM)
                                .rateLimit(0)
                                .build())
                        .build()) {
            for (int round = 0; round < options.times(3, 2); round++) {
                List<SandboxId> ours = create(manager, threads, count);
                List<SandboxId> theirs = create(manager, threads, count);
                // whoever is second finds a smaller engine
                boolean first = round % 2 == 0;
                if (first) {
                    all.of(OURS).add(clean(manager, ours));
                }
                all.of(RM).add(remove(manager, threads, theirs));
                if (!first) {
                    all.of(OURS).add(clean(manager, ours));
                }
                // what rm has left: rows and volumes
                clean(manager, theirs);
            }
        } finally {
            threads.shutdownNow();
            Scratch.remove(directory);
        }
        report.title("until " + count + " running sandboxes are gone, " + PARALLELISM + " at a time");
        report.latency(all);
        report.atMost(
                "cleanup_vs_rm",
                all.ratio(OURS, RM),
                1.25,
                "p50 of ours / p50 of docker rm -f -v, " + count + " containers, " + PARALLELISM + " at a time");
        report.end("cleanup");
    }

    private static List<SandboxId> create(SandboxManager manager, ExecutorService threads, int count) throws Exception {
        List<Callable<SandboxId>> creates = Collections.nCopies(count, () -> {
            try (Sandbox sandbox =
                    manager.create(Host.spec(Host.BUSYBOX).build()).detach()) {
                return sandbox.id();
            }
        });
        List<SandboxId> ids = new ArrayList<>();
        for (Future<SandboxId> made : threads.invokeAll(creates)) {
            ids.add(made.get());
        }
        return ids;
    }

    private static long clean(SandboxManager manager, List<SandboxId> ids) {
        long started = System.nanoTime();
        CleanupReport done =
                manager.cleanup().run(CleanupRequest.builder().ids(ids).force().build());
        long took = System.nanoTime() - started;
        if (done.cleaned() != ids.size()) {
            throw new IllegalStateException("not all were cleaned: " + done.toJson());
        }
        return took;
    }

    private static long remove(SandboxManager manager, ExecutorService threads, List<SandboxId> ids) throws Exception {
        List<Callable<String>> removals = new ArrayList<>();
        for (SandboxId id : ids) {
            String name = manager.find(id).orElseThrow().providerRef().orElseThrow();
            removals.add(() -> Cli.must("rm", "--force", "--volumes", name));
        }
        long started = System.nanoTime();
        for (Future<String> removed : threads.invokeAll(removals)) {
            removed.get();
        }
        return System.nanoTime() - started;
    }
}

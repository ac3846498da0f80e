package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxProcess;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many commands that run at the same time, each with its streams open: every one must still answer. */
final class OpenStreams {
    static final int WANTED = 500;

    private static final int SANDBOXES = 10;
    private static final int OPENERS = 4;
    private static final int FIRST_WITH_VIRTUAL_THREADS = 24;

    private final Host host;
    private final Report report;

    OpenStreams(Host host, Report report) {
        this.host = host;
        this.report = report;
    }

    int count() throws Exception {
        List<Sandbox> sandboxes =
                host.create(Host.spec(Host.BUSYBOX).maxProcesses(1024).build(), SANDBOXES);
        ExecutorService openers = Executors.newFixedThreadPool(OPENERS);
        List<SandboxProcess> open = new ArrayList<>();
        try {
            Footprint before = Footprint.now();
            long started = System.nanoTime();
            List<Future<SandboxProcess>> opening = new ArrayList<>();
            for (int i = 0; i < WANTED; i++) {
                Sandbox sandbox = sandboxes.get(i % SANDBOXES);
                opening.add(openers.submit(() -> sandbox.start(Command.of("cat"))));
            }
            Together.join(opening);
            for (Future<SandboxProcess> one : opening) {
                open.add(one.get());
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            Footprint added = Footprint.now().since(before);
            for (int i = 0; i < open.size(); i++) {
                echo(open.get(i), "stream " + i + "\n");
            }
            for (SandboxProcess process : open) {
                process.stdin().close();
            }
            int ended = 0;
            for (SandboxProcess process : open) {
                if (process.stdout().read() >= 0 || process.waitFor().exitCode() != 0) {
                    throw new IllegalStateException("cat did not end as it should");
                }
                ended++;
            }
            double each = (double) added.threads() / WANTED;
            report.title(WANTED + " streams open on one manager, " + SANDBOXES + " sandboxes");
            report.table(
                    List.of("", "streams", "opened in s", "threads", "threads each", "heap MB", "descriptors"),
                    List.of(List.of(
                            Ours.NAME,
                            ended,
                            seconds,
                            added.threads(),
                            each,
                            added.heapMegabytes(),
                            added.descriptors())));
            requireFewThreads(added.threads(), each);
            return ended;
        } finally {
            openers.shutdownNow();
            open.forEach(SandboxProcess::close);
            sandboxes.forEach(Sandbox::destroy);
        }
    }

    /** Each stream is asked while all are open. */
    private static void echo(SandboxProcess process, String line) throws IOException {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        process.stdin().write(bytes);
        process.stdin().flush();
        String answer = new String(process.stdout().readNBytes(bytes.length), StandardCharsets.UTF_8);
        if (!answer.equals(line)) {
            throw new IllegalStateException("wanted " + line + ", got " + answer);
        }
    }

    private static void requireFewThreads(int threads, double each) {
        boolean virtual = Runtime.version().feature() >= FIRST_WITH_VIRTUAL_THREADS;
        int carriers = ManagementFactory.getOperatingSystemMXBean().getAvailableProcessors();
        // beside the carriers: the JDK's pollers and what compensates for a pinned carrier
        if (virtual ? threads > 16 * carriers : each > 2) {
            throw new IllegalStateException(WANTED + " streams took " + threads + " platform threads: wanted "
                    + (virtual ? "carriers only" : "2 each at most"));
        }
    }
}

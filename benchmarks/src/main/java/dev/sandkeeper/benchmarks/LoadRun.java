package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Sandbox;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many commands of every unpleasant kind from many threads: each answer is right, nothing grows on the way, and nothing
 * runs afterwards.
 */
final class LoadRun {
    private static final int THREADS = 32;
    private static final int OF_EACH_IMAGE = 4;
    private static final int KEPT = 8;
    private static final int BATCHES = 10;
    private static final int MORE_THREADS = 2;
    private static final int MORE_DESCRIPTORS = 2;
    private static final double MORE_HEAP = 4;
    private static final Duration REST = Duration.ofSeconds(65);

    private final Options options;
    private final Report report;
    private final String mark = UUID.randomUUID().toString();

    LoadRun(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        long seed = System.nanoTime();
        report.say("seed %d", seed);
        LoadCommands commands = new LoadCommands(mark);
        try (Host host = new Host(options)) {
            List<Sandbox> sandboxes = new ArrayList<>();
            for (String image : List.of(Host.BUSYBOX, Host.DEBIAN)) {
                sandboxes.addAll(host.create(Host.spec(image).build(), OF_EACH_IMAGE));
            }
            fill(sandboxes);
            batches(sandboxes, commands, seed);
            requireNone(LoadCommands.TIMED_OUT + mark);
            sandboxes.forEach(Sandbox::destroy);
            host.requireNothingLeft();
        }
        requireNone(mark);
        requireNoThreads();
        report.say("%nWhat ran: %s", commands.counts());
        report.say("load: ok commands=%d", options.commands());
    }

    /** So many commands at once that whatever is kept for later ones, such as shells, is there from the beginning. */
    private static void fill(List<Sandbox> sandboxes) throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(sandboxes.size() * KEPT);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < sandboxes.size() * KEPT; i++) {
                Sandbox sandbox = sandboxes.get(i % sandboxes.size());
                running.add(callers.submit(() -> sandbox.exec("sleep", "2").orThrow()));
            }
            Together.join(running);
        } finally {
            callers.shutdown();
        }
    }

    private void batches(List<Sandbox> sandboxes, LoadCommands commands, long seed) throws Exception {
        int size = Math.max(1, options.commands() / BATCHES);
        List<List<?>> rows = new ArrayList<>();
        Footprint first = Footprint.now();
        for (int done = 0; done < options.commands(); done += size) {
            int count = Math.min(size, options.commands() - done);
            long started = System.nanoTime();
            batch(done, count, sandboxes, commands, seed);
            double perSecond = count * 1e9 / (System.nanoTime() - started);
            rows.add(row("to " + (done + count), perSecond, Footprint.now()));
            if (done == 0) {
                first = atRest(sandboxes);
                rows.add(row("at rest", "", first));
            }
        }
        Footprint last = atRest(sandboxes);
        rows.add(row("at rest", "", last));
        report.table(List.of("commands", "a second", "heap MB", "threads", "descriptors"), rows);
        requireNotGrown(last.since(first));
    }

    private static List<?> row(String commands, Object perSecond, Footprint footprint) {
        return List.of(commands, perSecond, footprint.heapMegabytes(), footprint.threads(), footprint.descriptors());
    }

    /**
     * Threads of a pool end when they have had nothing to do for a minute, and a shell is given up whose command has left
     * something behind; so how many there are of both is chance, unless one waits and fills up.
     */
    private static Footprint atRest(List<Sandbox> sandboxes) throws Exception {
        fill(sandboxes);
        Thread.sleep(REST.toMillis());
        return Footprint.now();
    }

    private static void requireNotGrown(Footprint grown) {
        if (grown.threads() > MORE_THREADS
                || grown.descriptors() > MORE_DESCRIPTORS
                || grown.heapMegabytes() > MORE_HEAP) {
            throw new IllegalStateException("grown between the first and the last tenth: " + grown);
        }
    }

    private static void batch(int from, int count, List<Sandbox> sandboxes, LoadCommands commands, long seed)
            throws Exception {
        AtomicInteger next = new AtomicInteger();
        ExecutorService callers = Executors.newFixedThreadPool(THREADS);
        List<Future<?>> running = new ArrayList<>();
        try {
            for (int i = 0; i < THREADS; i++) {
                running.add(callers.submit(() -> {
                    for (int n; (n = next.getAndIncrement()) < count; ) {
                        int number = from + n;
                        commands.run(sandboxes.get(number % sandboxes.size()), new Random(seed + number), number);
                    }
                    return null;
                }));
            }
            Together.join(running);
        } finally {
            callers.shutdown();
        }
    }

    /** No process of this host has the text among its arguments; what ends just now gets a moment. */
    private static void requireNone(String text) throws IOException, InterruptedException {
        List<String> found = List.of();
        for (int i = 0; i < 50; i++) {
            found = processes(text);
            if (found.isEmpty()) {
                return;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("still running: " + found);
    }

    private static List<String> processes(String text) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : all) {
                String arguments = arguments(process);
                if (arguments.contains(text)) {
                    found.add(process.getFileName() + " " + arguments);
                }
            }
        }
        return found;
    }

    private static String arguments(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException e) {
            return "(it has just ended)";
        }
    }

    private static void requireNoThreads() throws InterruptedException {
        List<String> left = List.of();
        for (int i = 0; i < 50; i++) {
            left = Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .filter(name -> name.startsWith("sandkeeper"))
                    .toList();
            if (left.isEmpty()) {
                return;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("threads left: " + left);
    }
}

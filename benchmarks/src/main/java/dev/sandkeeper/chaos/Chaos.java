package dev.sandkeeper.chaos;

import dev.sandkeeper.testsupport.DatabaseServer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What {@code scripts/chaos} runs: kills hosts, and judges what they leave. */
public final class Chaos {
    private static final int REPORT_SECONDS = 30;

    private final Options options;
    private final PrintStream out;
    private final Verdict verdict = new Verdict();
    private final Aim aim;

    private Chaos(Options options, PrintStream out) {
        this.options = options;
        this.out = out;
        this.aim = new Aim(options.rounds());
    }

    /**
     * Runs. Exits with 0 if every promise was kept and every phase was hit often enough, with 1 if not, with 2 for a wrong
     * command line.
     *
     * @param arguments as {@link Options#USAGE} says
     */
    public static void main(String[] arguments) {
        Options options;
        try {
            options = Options.parse(List.of(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println("chaos: " + e.getMessage() + "\nusage: chaos " + Options.USAGE);
            System.exit(2);
            return;
        }
        boolean passed = false;
        try {
            passed = new Chaos(options, System.out).run();
        } catch (Exception e) {
            System.out.flush();
            System.err.println("chaos: FAILED: " + e);
            e.printStackTrace();
        }
        System.exit(passed ? 0 : 1);
    }

    private boolean run() throws Exception {
        out.println("chaos: seed " + options.seed() + ", " + options.backend() + ", " + options.store());
        Path directory = Files.createTempDirectory("sandkeeper-chaos");
        try (DatabaseServer server = server();
                Witness witness = witness(directory)) {
            run(directory, server, witness);
        } finally {
            remove(directory);
        }
        for (String line : verdict.lines()) {
            out.println("chaos: " + line);
        }
        List<Phase> missed = aim.missed();
        if (!missed.isEmpty()) {
            out.println("chaos: fewer than 5% of the kills hit " + missed);
        }
        out.println(String.format(
                Locale.ROOT,
                "chaos: rounds=%d leaked=%d lost=%d twice=%d renewed_killed=%d phases=%s",
                aim.begun(),
                verdict.count(Fault.LEAKED),
                verdict.count(Fault.LOST),
                verdict.count(Fault.TWICE),
                verdict.count(Fault.RENEWED_KILLED),
                aim));
        return verdict.clean() && missed.isEmpty() && aim.begun() >= options.rounds();
    }

    private @Nullable DatabaseServer server() {
        return switch (options.store()) {
            case "postgres" -> DatabaseServer.postgres();
            case "mariadb" -> DatabaseServer.mariaDb();
            default -> null;
        };
    }

    private Witness witness(Path directory) throws IOException {
        return switch (options.backend()) {
            case "docker" -> new DockerWitness();
            case "local" -> new LocalWitness(directory.resolve("local"));
            default -> new MemoryWitness();
        };
    }

    private void run(Path directory, @Nullable DatabaseServer server, Witness witness) throws Exception {
        Jvm jvm = new Jvm(Files.createDirectory(directory.resolve("tmp")));
        List<Lane> lanes = new ArrayList<>();
        for (int i = 0; i < count(); i++) {
            Path own = Files.createDirectory(directory.resolve("lane-" + i));
            String backend = witness instanceof MemoryWitness memory
                    ? "memory:" + memory.port()
                    : options.backend().equals("docker")
                            ? "docker:sandkeeper-test/busybox"
                            : "local:" + directory.resolve("local");
            String store = server == null ? "h2:" + own.resolve("store") : server.newDatabase();
            Place place = new Place(backend, store, options.run() + "-" + i);
            lanes.add(new Lane(place, own, jvm, witness, aim, verdict, options.seed() + i));
        }
        lanes.get(0).rehearse();
        ExecutorService threads = Executors.newFixedThreadPool(lanes.size());
        try {
            List<Future<?>> all = new ArrayList<>();
            for (Lane lane : lanes) {
                all.add(threads.submit(() -> {
                    lane.run();
                    return null;
                }));
            }
            for (Future<?> one : all) {
                await(one);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** While one deployment waits for a lease or a grace to pass, another one works. */
    private int count() {
        int processors = Runtime.getRuntime().availableProcessors();
        int most = options.backend().equals("memory") ? 2 * processors : processors;
        return Math.max(1, Math.min(most, options.rounds() / 5));
    }

    private void await(Future<?> lane) throws Exception {
        while (true) {
            try {
                lane.get(REPORT_SECONDS, TimeUnit.SECONDS);
                return;
            } catch (TimeoutException e) {
                out.println("chaos: " + aim.begun() + " of " + options.rounds() + ", hit " + aim);
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
    }

    private static void remove(Path tree) {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + tree, e);
        }
    }
}

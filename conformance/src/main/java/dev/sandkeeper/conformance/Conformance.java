package dev.sandkeeper.conformance;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/**
 * Drives a simulator with the provider's own SDK and compares its traffic with the provider's files; then plants defects in it,
 * one after another, and sees each found. The last line has the numbers; exits with 1 unless all is well.
 */
final class Conformance {
    private static final Set<String> OPTIONS =
            Set.of("--driver", "--specs", "--backend", "--image", "--state", "--list", "--groups");

    private final Provider provider;
    private final SandboxBackend backing;
    private final List<TrafficCheck> checks;
    private final Driver driver;
    private final PrintStream out;

    private Conformance(
            Provider provider, SandboxBackend backing, List<TrafficCheck> checks, Driver driver, PrintStream out) {
        this.provider = provider;
        this.backing = backing;
        this.checks = checks;
        this.driver = driver;
        this.out = out;
    }

    public static void main(String[] arguments) throws IOException {
        Arguments told;
        try {
            told = Arguments.parse(List.of(arguments), OPTIONS);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        boolean well;
        try (SandboxBackend backing = Backings.of(
                told.backing(told.provider().usualBacking()),
                told.text("--image").orElse(null),
                told.path("--state"))) {
            Path specs = told.text("--specs").map(Path::of).orElse(Path.of(""));
            boolean found = told.text("--specs").isPresent() && Files.isDirectory(specs);
            List<TrafficCheck> checks = found ? told.provider().checks(specs) : List.of();
            Conformance run = new Conformance(
                    told.provider(), backing, checks, new Driver(told.path("--driver"), timer), System.out);
            if (!found) {
                run.out.println("the provider's files are not found, so that traffic is compared with none of them");
            }
            well = told.text("--list").isPresent()
                    ? run.list()
                    : run.all(told.text("--groups")
                            .map(text -> List.of(text.split(",", -1)))
                            .orElse(List.of()));
        } finally {
            timer.shutdownNow();
        }
        System.out.flush();
        System.exit(well ? 0 : 1);
    }

    /** What a run with or without a defect has shown. */
    private record Shown(List<Witnessed> witnessed, List<String> violations) {
        List<Witnessed> failed() {
            return witnessed.stream().filter(each -> !each.passed()).toList();
        }

        boolean clean() {
            return failed().isEmpty() && violations.isEmpty();
        }

        Set<String> pairs() {
            Set<String> pairs = new TreeSet<>();
            witnessed.stream().filter(Witnessed::passed).map(Witnessed::pair).forEach(pairs::add);
            return pairs;
        }
    }

    private Shown drive(Alteration defect, boolean stopAtFailure, List<String> groups) throws IOException {
        Queue<String> violations = new ConcurrentLinkedQueue<>();
        Consumer<SimulatorTraffic> compare =
                traffic -> checks.forEach(check -> violations.addAll(check.violations(traffic)));
        try (Provider.Running simulator = provider.start(backing, 0, compare, defect)) {
            return new Shown(driver.run(simulator, stopAtFailure, groups), new ArrayList<>(violations));
        }
    }

    private boolean all(List<String> groups) throws IOException {
        Shown shown = drive(Alteration.NONE, false, groups);
        shown.failed().forEach(each -> out.println("FAILED " + each.pair() + ": " + each.detail()));
        shown.violations().stream().distinct().forEach(each -> out.println("VIOLATION " + each));
        int found = 0;
        List<Defect> defects = provider.defects();
        for (Defect defect : shown.clean() && groups.isEmpty() ? defects : List.<Defect>of()) {
            Shown mutant = drive(defect.alteration().get(), true, List.of(defect.group()));
            found += mutant.clean() ? 0 : 1;
            out.println((mutant.clean() ? "NOT FOUND: " : "found: ") + defect.name() + reason(mutant));
        }
        out.println("conformance " + provider.name() + ": calls="
                + shown.pairs().size() + " failed="
                + shown.failed().size() + " violations=" + shown.violations().size() + " mutants=" + found + "/"
                + defects.size());
        return shown.clean() && found == defects.size();
    }

    private static String reason(Shown mutant) {
        if (!mutant.failed().isEmpty()) {
            return ", by " + mutant.failed().get(0).pair();
        }
        return mutant.violations().isEmpty()
                ? ""
                : ", by " + mutant.violations().get(0).lines().findFirst().orElse("");
    }

    /** Markdown, for the documentation. */
    private boolean list() throws IOException {
        Shown shown = drive(Alteration.NONE, false, List.of());
        out.println("| call of the SDK | outcome |");
        out.println("|---|---|");
        shown.witnessed().stream()
                .filter(Witnessed::passed)
                .distinct()
                .sorted(Comparator.comparing(Witnessed::pair))
                .forEach(each -> out.println("| `" + each.call() + "` | " + each.outcome() + " |"));
        return shown.failed().isEmpty();
    }
}

package dev.sandkeeper.chaos;

import dev.sandkeeper.chaos.Verdict.Finding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/**
 * One deployment and its hosts, one after the other over the same store: each lives for a moment and is killed. After three
 * of four kills there is a start that is let alone and judged; after the others the next host is killed over what the one
 * before has left, as it may be while it recovers.
 */
final class Lane {
    private static final int MOST_FAULTS = 20;

    private final Place place;
    private final Path directory;
    private final Jvm jvm;
    private final Witness witness;
    private final Aim aim;
    private final Verdict verdict;
    private final Random random;
    private final Account account = new Account();
    private final Path errors;

    Lane(Place place, Path directory, Jvm jvm, Witness witness, Aim aim, Verdict verdict, long seed) {
        this.place = place;
        this.directory = directory;
        this.jvm = jvm;
        this.witness = witness;
        this.aim = aim;
        this.verdict = verdict;
        this.random = new Random(seed);
        this.errors = directory.resolve("errors");
    }

    /** Lets a host live to its own end, which leaves what hosts load to the others. */
    void rehearse() throws IOException, InterruptedException {
        recover(false);
        Order order = new Order(marks("rehearsal"), log("rehearsal"), random.nextLong(), null, 0, true);
        try (Host host = new Host(jvm.start(place, errors, true))) {
            host.go(order);
            if (!host.ends(120)) {
                throw new IllegalStateException("the first host did not end well: " + said());
            }
        }
        takeOver(order);
        recover(false);
    }

    void run() throws IOException, InterruptedException {
        recover(false);
        Host next = new Host(jvm.start(place, errors, false));
        try {
            while (verdict.lines().size() < MOST_FAULTS && aim.begin()) {
                Host host = next;
                int round = aim.begun();
                Order order = order(round);
                boolean aimed = order.target() != null;
                Duration latest = Duration.ofMillis((aimed ? 5000L : random.nextInt(1500)) * place.pace());
                Marks marks = new Marks(order.marks());
                host.go(order);
                boolean lived = host.kill(order, marks, latest, aimed || random.nextBoolean());
                next = new Host(jvm.start(place, errors, false));
                aim.hit(marks.underWay());
                if (!lived) {
                    verdict.add(new Finding(Fault.BROKEN, "host " + round, "ended by itself: " + said()));
                }
                takeOver(order);
                if (random.nextInt(4) != 0) {
                    recover(false);
                }
            }
        } finally {
            next.close();
        }
        recover(true);
    }

    private Order order(int round) {
        Phase target = aim.choose(random);
        int most = target == Phase.EXEC ? 12 : 6;
        return new Order(
                marks("host-" + round),
                log("host-" + round),
                random.nextLong(),
                target,
                1 + random.nextInt(most),
                false);
    }

    private Path marks(String name) {
        return directory.resolve(name + ".marks");
    }

    private Path log(String name) {
        return directory.resolve(name + ".log");
    }

    private void takeOver(Order order) throws IOException {
        account.add(Log.read(order.log()), System.nanoTime());
        Files.deleteIfExists(order.log());
        Files.deleteIfExists(order.marks());
        for (String error : account.errors()) {
            verdict.add(new Finding(Fault.BROKEN, error, said()));
        }
    }

    private void recover(boolean last) throws IOException, InterruptedException {
        try (Recovery recovery = new Recovery(place, directory, witness, account, verdict)) {
            recovery.settle();
            if (last) {
                recovery.finish(account);
            }
        }
        Path log = directory.resolve("recovery.log");
        account.add(Log.read(log), System.nanoTime());
        Files.deleteIfExists(log);
        for (String twice : account.doubles()) {
            verdict.add(new Finding(Fault.TWICE, twice, "by the fences"));
        }
    }

    /** The end of what hosts have said. */
    private String said() {
        try {
            List<String> lines = Files.exists(errors) ? Files.readAllLines(errors) : List.of();
            return String.join("\n    ", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

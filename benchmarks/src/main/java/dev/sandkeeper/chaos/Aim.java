package dev.sandkeeper.chaos;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the phase in which a host is to be killed, and counts what the kills have really hit: each counts for every phase
 * that was under way. Three of four are aimed, at what was hit too seldom. Safe from many threads.
 */
final class Aim {
    private final int rounds;
    private final Map<Phase, Integer> hits = new EnumMap<>(Phase.class);
    private int begun;

    Aim(int rounds) {
        this.rounds = rounds;
        for (Phase phase : Phase.values()) {
            hits.put(phase, 0);
        }
    }

    /**
     * Takes one more round; false if there is none left. There are a few more than asked for while a phase was hit too seldom:
     * how often an aim misses is up to the machine.
     */
    synchronized boolean begin() {
        boolean more = begun < rounds || (begun < rounds + Math.max(10, rounds / 5) && !missed().isEmpty());
        begun += more ? 1 : 0;
        return more;
    }

    synchronized int begun() {
        return begun;
    }

    /** Null for a kill at any time. */
    synchronized @Nullable Phase choose(Random random) {
        List<Phase> missing = Arrays.stream(Phase.values())
                .filter(phase -> missing(phase) > 0)
                .toList();
        int wanted = missing.stream().mapToInt(this::missing).sum();
        // an aim misses now and then
        boolean hurry = wanted * 3 > rounds - begun;
        if (!hurry && random.nextInt(4) == 0) {
            return null;
        }
        List<Phase> choice = missing.isEmpty() ? List.of(Phase.values()) : missing;
        return choice.get(random.nextInt(choice.size()));
    }

    synchronized void hit(Set<Phase> phases) {
        phases.forEach(phase -> hits.merge(phase, 1, Integer::sum));
    }

    private int missing(Phase phase) {
        int needed = (Math.max(rounds, begun) + 19) / 20;
        return Math.max(0, needed - hits.getOrDefault(phase, 0));
    }

    /** The phases that fewer than 5% of the kills have hit. */
    synchronized List<Phase> missed() {
        return Arrays.stream(Phase.values()).filter(phase -> missing(phase) > 0).toList();
    }

    @Override
    public synchronized String toString() {
        return hits.entrySet().stream()
                .map(each -> each.getKey().word() + ":" + each.getValue())
                .collect(Collectors.joining(","));
    }
}

package dev.sandkeeper.testkit.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;

/**
 * What goes wrong with which calls, for the plans of faults. Not thread-safe.
 *
 * @param <C> what is called
 * @param <F> how it goes wrong
 */
public final class Mishaps<C, F> {
    private final Map<C, Queue<F>> planned = new HashMap<>();
    private final Map<C, List<Standing<F>>> standing = new HashMap<>();
    private final Random random;

    /** Throws the dice that the seed decides. */
    public Mishaps(long seed) {
        random = new Random(seed);
    }

    private record Standing<F>(F fault, double probability) {}

    /** Plans a fault for the next call that none is planned for. */
    public void next(C call, F fault) {
        planned.computeIfAbsent(call, key -> new ArrayDeque<>()).add(fault);
    }

    /** Makes a fault the only standing one of a call. */
    public void always(C call, F fault) {
        standing.remove(call);
        sometimes(call, fault, 1);
    }

    /** Adds a standing fault; those of a call are probable by 1 at most together. */
    public void sometimes(C call, F fault, double probability) {
        List<Standing<F>> faults = standing.computeIfAbsent(call, key -> new ArrayList<>());
        double others = faults.stream().mapToDouble(Standing::probability).sum();
        if (!(probability >= 0 && others + probability <= 1)) {
            throw new IllegalArgumentException("probability must be from 0 to " + (1 - others) + ", as " + call
                    + " has faults of " + others + " already: " + probability);
        }
        faults.add(new Standing<>(fault, probability));
    }

    /** Forgets all faults. */
    public void clear() {
        planned.clear();
        standing.clear();
    }

    /** Takes the next planned fault, which is then off the plan. */
    public Optional<F> planned(C call) {
        return Optional.ofNullable(planned.get(call)).map(Queue::poll);
    }

    /** One of the standing faults, if the dice say so. */
    public Optional<F> thrown(C call) {
        List<Standing<F>> faults = standing.getOrDefault(call, List.of());
        double dice = faults.isEmpty() ? 1 : random.nextDouble();
        for (Standing<F> each : faults) {
            dice -= each.probability();
            if (dice < 0) {
                return Optional.of(each.fault());
            }
        }
        return Optional.empty();
    }
}

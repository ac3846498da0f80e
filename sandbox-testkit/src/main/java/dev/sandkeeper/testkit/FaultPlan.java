package dev.sandkeeper.testkit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Which calls of a {@link FaultInjectingBackend} go wrong, and how. A plan can be changed while it is followed. Planned
 * faults come first, in their order; then one of the operation's standing ones, if the dice say so. Safe from many threads.
 */
public final class FaultPlan {
    private final Map<Operation, Queue<Fault>> planned = new EnumMap<>(Operation.class);
    private final Map<Operation, List<Standing>> standing = new EnumMap<>(Operation.class);
    private final Map<Operation, Integer> calls = new EnumMap<>(Operation.class);
    private final Random random;

    private FaultPlan(long seed) {
        random = new Random(seed);
    }

    /** What can go wrong, by the method of the SPI. */
    public enum Operation {
        /** Creating. */
        CREATE,
        /** Finding by our id. */
        FIND,
        /** Asking for the state. */
        STATE,
        /** Connecting. */
        ATTACH,
        /** Asking what runs to end. */
        TERMINATE,
        /** Destroying. */
        DESTROY,
        /** Moving the end. */
        EXTEND,
        /** Pausing. */
        PAUSE,
        /** Resuming. */
        RESUME,
        /** Making a snapshot. */
        SNAPSHOT,
        /** Listing snapshots. */
        LIST_SNAPSHOTS,
        /** Deleting a snapshot. */
        DELETE_SNAPSHOT,
        /** Listing. */
        LIST,
        /** Asking for the usage. */
        USAGE,
        /** Asking for the health; any fault makes it unusable. */
        HEALTH,
        /** Starting a command. */
        START
    }

    private record Standing(Fault fault, double probability) {}

    /**
     * A plan in which nothing goes wrong yet.
     *
     * @return the plan, its dice always thrown alike
     */
    public static FaultPlan create() {
        return seeded(1);
    }

    /**
     * A plan in which nothing goes wrong yet.
     *
     * @param seed decides the dice
     * @return the plan
     */
    public static FaultPlan seeded(long seed) {
        return new FaultPlan(seed);
    }

    /**
     * Lets the next call go wrong that no earlier fault is planned for.
     *
     * @param operation which operation
     * @param fault how
     * @return this plan
     */
    public synchronized FaultPlan next(Operation operation, Fault fault) {
        planned.computeIfAbsent(operation, key -> new ArrayDeque<>()).add(fault);
        return this;
    }

    /**
     * Lets every call go wrong from now on, and forgets the operation's other standing faults.
     *
     * @param operation which operation
     * @param fault how
     * @return this plan
     */
    public synchronized FaultPlan always(Operation operation, Fault fault) {
        standing.remove(operation);
        return sometimes(operation, fault, 1);
    }

    /**
     * Lets calls go wrong by dice. An operation may have several such faults: a call has one of them at most.
     *
     * @param operation which operation
     * @param fault how
     * @param probability from 0 to 1; those of one operation are 1 at most together
     * @return this plan
     */
    public synchronized FaultPlan sometimes(Operation operation, Fault fault, double probability) {
        List<Standing> faults = standing.computeIfAbsent(operation, key -> new ArrayList<>());
        double others = faults.stream().mapToDouble(Standing::probability).sum();
        if (!(probability >= 0 && others + probability <= 1)) {
            throw new IllegalArgumentException("probability must be from 0 to " + (1 - others) + ", as " + operation
                    + " has faults of " + others + " already: " + probability);
        }
        faults.add(new Standing(fault, probability));
        return this;
    }

    /**
     * Forgets all faults; calls stay counted.
     *
     * @return this plan
     */
    public synchronized FaultPlan heal() {
        planned.clear();
        standing.clear();
        return this;
    }

    /**
     * How often an operation was called, with a fault or without.
     *
     * @param operation which operation
     * @return the number of calls that were begun
     */
    public synchronized int calls(Operation operation) {
        return calls.getOrDefault(operation, 0);
    }

    /** What is to go wrong with a call that begins now; null for nothing. */
    synchronized @Nullable Fault begin(Operation operation) {
        calls.merge(operation, 1, Integer::sum);
        Queue<Fault> queue = planned.get(operation);
        Fault next = queue == null ? null : queue.poll();
        if (next != null) {
            return next;
        }
        List<Standing> faults = standing.getOrDefault(operation, List.of());
        double dice = faults.isEmpty() ? 1 : random.nextDouble();
        for (Standing each : faults) {
            dice -= each.probability();
            if (dice < 0) {
                return each.fault();
            }
        }
        return null;
    }
}

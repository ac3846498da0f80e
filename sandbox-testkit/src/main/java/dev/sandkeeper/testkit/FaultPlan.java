package dev.sandkeeper.testkit;

import dev.sandkeeper.testkit.internal.Mishaps;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which calls of a {@link FaultInjectingBackend} go wrong, and how. A plan can be changed while it is followed. Planned
 * faults come first, in their order; then one of the operation's standing ones, if the dice say so. Safe from many threads.
 */
public final class FaultPlan {
    private final Mishaps<Operation, Fault> mishaps;
    private final Map<Operation, Integer> calls = new EnumMap<>(Operation.class);

    private FaultPlan(long seed) {
        mishaps = new Mishaps<>(seed);
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
        mishaps.next(operation, fault);
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
        mishaps.always(operation, fault);
        return this;
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
        mishaps.sometimes(operation, fault, probability);
        return this;
    }

    /**
     * Forgets all faults; calls stay counted.
     *
     * @return this plan
     */
    public synchronized FaultPlan heal() {
        mishaps.clear();
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
        return mishaps.planned(operation).or(() -> mishaps.thrown(operation)).orElse(null);
    }
}

package dev.sandkeeper.testkit.simulator;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;

/**
 * Which requests to a simulator go wrong, and how. A plan can be changed while it is followed. Planned faults come first, in
 * their order, those of the request's own route before those of any; then one of the standing ones, if the dice say so. Safe
 * from many threads.
 *
 * <p>A route is named by method and path template, such as {@code POST /sandboxes/{sandboxID}/pause}; each simulator lists
 * its own.
 */
public final class SimulatorFaults {
    /** Stands for every route. */
    public static final String ANY = "*";

    private final Map<String, Queue<SimulatorFault>> planned = new HashMap<>();
    private final Map<String, List<Standing>> standing = new HashMap<>();
    private final Map<String, Integer> calls = new HashMap<>();
    private final Random random;
    private Duration listLag = Duration.ZERO;
    private Duration transitionTime = Duration.ZERO;
    private Duration clockSkew = Duration.ZERO;

    private SimulatorFaults(long seed) {
        random = new Random(seed);
    }

    private record Standing(SimulatorFault fault, double probability) {}

    /**
     * A plan in which nothing goes wrong yet.
     *
     * @return the plan, its dice always thrown alike
     */
    public static SimulatorFaults create() {
        return seeded(1);
    }

    /**
     * A plan in which nothing goes wrong yet.
     *
     * @param seed decides the dice
     * @return the plan
     */
    public static SimulatorFaults seeded(long seed) {
        return new SimulatorFaults(seed);
    }

    /**
     * Lets the next request go wrong that no earlier fault is planned for.
     *
     * @param route which requests, or {@link #ANY}
     * @param fault how
     * @return this plan
     */
    public synchronized SimulatorFaults next(String route, SimulatorFault fault) {
        planned.computeIfAbsent(route, key -> new ArrayDeque<>()).add(fault);
        return this;
    }

    /**
     * Lets every request go wrong from now on, and forgets the route's other standing faults.
     *
     * @param route which requests, or {@link #ANY}
     * @param fault how
     * @return this plan
     */
    public synchronized SimulatorFaults always(String route, SimulatorFault fault) {
        standing.remove(route);
        return sometimes(route, fault, 1);
    }

    /**
     * Lets requests go wrong by dice. A route may have several such faults: a request has one of them at most.
     *
     * @param route which requests, or {@link #ANY}
     * @param fault how
     * @param probability from 0 to 1; those of one route are 1 at most together
     * @return this plan
     */
    public synchronized SimulatorFaults sometimes(String route, SimulatorFault fault, double probability) {
        List<Standing> faults = standing.computeIfAbsent(route, key -> new ArrayList<>());
        double others = faults.stream().mapToDouble(Standing::probability).sum();
        if (!(probability >= 0 && others + probability <= 1)) {
            throw new IllegalArgumentException("probability must be from 0 to " + (1 - others) + ", as " + route
                    + " has faults of " + others + " already: " + probability);
        }
        faults.add(new Standing(fault, probability));
        return this;
    }

    /**
     * Lets lists tell what there was some time ago: what was made since is missing, what is gone since is still there.
     *
     * @param lag how far they lag, by the simulator's clock; zero for not at all
     * @return this plan
     */
    public synchronized SimulatorFaults listsLagBy(Duration lag) {
        listLag = notNegative("lag", lag);
        return this;
    }

    /**
     * Lets changes of state take time: until then a sandbox shows the state in between, where its provider has one.
     *
     * @param time how long, by the simulator's clock; zero for none
     * @return this plan
     */
    public synchronized SimulatorFaults transitionsTake(Duration time) {
        transitionTime = notNegative("time", time);
        return this;
    }

    /**
     * Lets all times that the simulator tells and takes be off.
     *
     * @param skew how far its clock is ahead of the real one; negative for behind
     * @return this plan
     */
    public synchronized SimulatorFaults clockIsOffBy(Duration skew) {
        clockSkew = skew;
        return this;
    }

    /**
     * Forgets all faults; requests stay counted.
     *
     * @return this plan
     */
    public synchronized SimulatorFaults heal() {
        planned.clear();
        standing.clear();
        listLag = Duration.ZERO;
        transitionTime = Duration.ZERO;
        clockSkew = Duration.ZERO;
        return this;
    }

    /**
     * How often a route was asked for, with a fault or without.
     *
     * @param route which route, or {@link #ANY} for all
     * @return the number of requests that were begun
     */
    public synchronized int calls(String route) {
        return route.equals(ANY)
                ? calls.values().stream().mapToInt(Integer::intValue).sum()
                : calls.getOrDefault(route, 0);
    }

    /**
     * How far lists lag.
     *
     * @return zero for not at all
     */
    public synchronized Duration listLag() {
        return listLag;
    }

    /**
     * How long changes of state take.
     *
     * @return zero for no time
     */
    public synchronized Duration transitionTime() {
        return transitionTime;
    }

    /**
     * How far the simulator's clock is ahead.
     *
     * @return negative for behind
     */
    public synchronized Duration clockSkew() {
        return clockSkew;
    }

    /**
     * Counts a request that begins now, and takes what is to go wrong with it off the plan. Called by simulators.
     *
     * @param route its route
     * @return the fault, or nothing
     */
    public synchronized Optional<SimulatorFault> begin(String route) {
        calls.merge(route, 1, Integer::sum);
        for (String each : List.of(route, ANY)) {
            Queue<SimulatorFault> queue = planned.get(each);
            SimulatorFault next = queue == null ? null : queue.poll();
            if (next != null) {
                return Optional.of(next);
            }
        }
        for (String each : List.of(route, ANY)) {
            Optional<SimulatorFault> fault = thrown(standing.getOrDefault(each, List.of()));
            if (fault.isPresent()) {
                return fault;
            }
        }
        return Optional.empty();
    }

    private Optional<SimulatorFault> thrown(List<Standing> faults) {
        double dice = faults.isEmpty() ? 1 : random.nextDouble();
        for (Standing each : faults) {
            dice -= each.probability();
            if (dice < 0) {
                return Optional.of(each.fault());
            }
        }
        return Optional.empty();
    }

    private static Duration notNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException(name + " must not be negative: " + value);
        }
        return value;
    }
}

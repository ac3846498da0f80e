package dev.sandkeeper.testkit.simulator;

import dev.sandkeeper.testkit.internal.Mishaps;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

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

    private final Mishaps<String, SimulatorFault> mishaps;
    private final Map<String, Integer> calls = new HashMap<>();
    private Duration listLag = Duration.ZERO;
    private Duration transitionTime = Duration.ZERO;
    private Duration clockSkew = Duration.ZERO;

    private SimulatorFaults(long seed) {
        mishaps = new Mishaps<>(seed);
    }

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
        mishaps.next(route, fault);
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
        mishaps.always(route, fault);
        return this;
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
        mishaps.sometimes(route, fault, probability);
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
        mishaps.clear();
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
        return mishaps.planned(route)
                .or(() -> mishaps.planned(ANY))
                .or(() -> mishaps.thrown(route))
                .or(() -> mishaps.thrown(ANY));
    }

    private static Duration notNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException(name + " must not be negative: " + value);
        }
        return value;
    }
}

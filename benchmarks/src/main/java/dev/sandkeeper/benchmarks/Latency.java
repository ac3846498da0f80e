package dev.sandkeeper.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Times one call after another. The variants take turns within the same run, so that the machine's noise hits all alike; a
 * turn has several calls, because what one has left to its engine to tidy up delays the next one's first call.
 */
final class Latency {
    private final int turns;
    private final int callsATurn;
    private final Duration warmUp;

    Latency(int turns, int callsATurn, Duration warmUp) {
        this.turns = turns;
        this.callsATurn = callsATurn;
        this.warmUp = warmUp;
    }

    Timings of(List<Variant> variants) throws Exception {
        for (Variant variant : variants) {
            long end = System.nanoTime() + warmUp.toNanos();
            do {
                variant.operation().run(0);
            } while (System.nanoTime() < end);
        }
        Timings all = new Timings();
        measure(variants, all);
        return all;
    }

    /** Without warming up, and beside what was measured before. */
    void measure(List<Variant> variants, Timings all) throws Exception {
        for (int turn = 0; turn < turns; turn++) {
            for (Variant variant : inTurn(variants, turn)) {
                Samples samples = all.of(variant.name());
                for (int call = 0; call < callsATurn; call++) {
                    long started = System.nanoTime();
                    variant.operation().run(0);
                    samples.add(System.nanoTime() - started);
                }
            }
        }
    }

    /** There and back again, so that nobody always comes after the same one. */
    static List<Variant> inTurn(List<Variant> variants, int turn) {
        List<Variant> order = new ArrayList<>(variants);
        if (turn % 2 == 1) {
            Collections.reverse(order);
        }
        return order;
    }
}

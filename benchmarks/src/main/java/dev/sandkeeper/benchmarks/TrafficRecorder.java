package dev.sandkeeper.benchmarks;

import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Hears what is asked of a simulator. Safe from many threads. */
final class TrafficRecorder implements Consumer<SimulatorTraffic> {
    /** An answer is told of a moment after it was read. */
    private static final Duration SETTLES = Duration.ofMillis(300);

    private static final int TRIES = 3;

    private List<SimulatorTraffic> heard = new ArrayList<>();
    private boolean listening;

    @Override
    public synchronized void accept(SimulatorTraffic traffic) {
        if (listening) {
            heard.add(traffic);
        }
    }

    private synchronized List<SimulatorTraffic> heard(boolean more) {
        List<SimulatorTraffic> all = heard;
        heard = new ArrayList<>();
        listening = more;
        return all;
    }

    /** What is asked while something is done, in the order in which it was answered. */
    List<SimulatorTraffic> of(Variant.Operation operation) throws Exception {
        heard(true);
        operation.run(0);
        Thread.sleep(SETTLES.toMillis());
        return heard(false);
    }

    /** The least of several times, since a sign of life may have come in between. */
    List<SimulatorTraffic> during(Variant.Operation operation) throws Exception {
        List<SimulatorTraffic> least = of(operation);
        for (int i = 1; i < TRIES; i++) {
            List<SimulatorTraffic> now = of(operation);
            if (now.size() < least.size()) {
                least = now;
            }
        }
        return least;
    }
}

package dev.sandkeeper.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Counts what many threads get done. The variants take turns, so that the machine's noise hits all alike. */
final class Throughput {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private static final Duration WARM_UP = Duration.ofSeconds(2);

    private final int threads;
    private final int turns;
    private final Duration turn;

    Throughput(int threads, int turns, Duration turn) {
        this.threads = threads;
        this.turns = turns;
        this.turn = turn;
    }

    /** What one variant got done. */
    static final class Done {
        private final String name;
        private final Samples samples = new Samples();
        private long nanos;
        private int threadsAdded;

        private Done(String name) {
            this.name = name;
        }

        String name() {
            return name;
        }

        double perSecond() {
            return samples.count() * 1e9 / nanos;
        }

        Samples samples() {
            return samples;
        }

        /** The most threads that there were, beyond those there had been and those that called. */
        int threadsAdded() {
            return threadsAdded;
        }
    }

    List<Done> of(List<Variant> variants) throws Exception {
        List<Done> all = new ArrayList<>();
        variants.forEach(variant -> all.add(new Done(variant.name())));
        ExecutorService callers = Executors.newFixedThreadPool(threads);
        try {
            for (Variant variant : variants) {
                // what is made for so many callers, and then stays, is not what is asked about
                turn(variant, new Done(variant.name()), callers, WARM_UP.compareTo(turn) < 0 ? WARM_UP : turn);
            }
            for (int i = 0; i < turns; i++) {
                for (Variant variant : Latency.inTurn(variants, i)) {
                    turn(variant, all.get(variants.indexOf(variant)), callers, turn);
                }
            }
        } finally {
            callers.shutdownNow();
        }
        return all;
    }

    /** Whoever has begun when the time is over finishes, and that time counts too. */
    private void turn(Variant variant, Done done, ExecutorService callers, Duration time) throws Exception {
        int before = THREADS.getThreadCount();
        THREADS.resetPeakThreadCount();
        CountDownLatch ready = new CountDownLatch(threads);
        CountDownLatch gate = new CountDownLatch(1);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int worker = i;
            running.add(callers.submit(() -> {
                ready.countDown();
                gate.await();
                long end = System.nanoTime() + time.toNanos();
                long started;
                while ((started = System.nanoTime()) < end) {
                    variant.operation().run(worker);
                    done.samples.add(System.nanoTime() - started);
                }
                return null;
            }));
        }
        ready.await();
        long started = System.nanoTime();
        gate.countDown();
        Together.join(running);
        done.nanos += System.nanoTime() - started;
        done.threadsAdded = Math.max(done.threadsAdded, THREADS.getPeakThreadCount() - before);
    }
}

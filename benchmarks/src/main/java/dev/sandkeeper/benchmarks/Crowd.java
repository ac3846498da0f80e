package dev.sandkeeper.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Many sandboxes made at the same time, each kept until all have answered. */
final class Crowd {
    private final Maker maker;
    private final int count;
    private final Duration stagger;
    private long nanos;

    Crowd(Maker maker, int count, Duration stagger) {
        this.maker = maker;
        this.count = count;
        this.stagger = stagger;
    }

    Samples run() throws Exception {
        Samples samples = new Samples();
        List<Maker.Made> made = new ArrayList<>();
        ScheduledExecutorService threads = Executors.newScheduledThreadPool(count);
        CountDownLatch gate = new CountDownLatch(1);
        List<Future<?>> running = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                running.add(threads.schedule(
                        () -> {
                            gate.await();
                            long started = System.nanoTime();
                            Maker.Made one = maker.making().make();
                            samples.add(System.nanoTime() - started);
                            synchronized (made) {
                                made.add(one);
                            }
                            return null;
                        },
                        stagger.toNanos() * i,
                        TimeUnit.NANOSECONDS));
            }
            long started = System.nanoTime();
            gate.countDown();
            Together.join(running);
            nanos = System.nanoTime() - started;
        } finally {
            threads.shutdownNow();
            synchronized (made) {
                for (Maker.Made one : made) {
                    one.removal().run();
                }
            }
        }
        for (Maker.Made one : made) {
            one.answer().expect(0, "here\n", "");
        }
        return samples;
    }

    /** From the first one's beginning to the last one's answer. */
    double seconds() {
        return nanos / 1e9;
    }
}

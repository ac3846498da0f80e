package dev.sandkeeper.benchmarks;

import java.util.Arrays;

/** Times in nanoseconds. Safe from many threads. */
final class Samples {
    private long[] nanos = new long[256];
    private int count;

    synchronized void add(long time) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = time;
    }

    synchronized int count() {
        return count;
    }

    /**
     * The time that a part of the samples does not exceed, by the nearest rank.
     *
     * @param part more than 0, at most 1
     * @throws IllegalStateException if there are no samples
     */
    synchronized double nanos(double part) {
        if (count == 0) {
            throw new IllegalStateException("nothing was measured");
        }
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return sorted[Math.max(0, (int) Math.ceil(part * count) - 1)];
    }

    /** As {@link #nanos}, in milliseconds. */
    double millis(double part) {
        return nanos(part) / 1e6;
    }
}

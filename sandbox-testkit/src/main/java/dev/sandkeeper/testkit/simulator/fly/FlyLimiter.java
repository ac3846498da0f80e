package dev.sandkeeper.testkit.simulator.fly;

import java.util.HashMap;
import java.util.Map;

/**
 * The published limits: for each action and Machine or app one request a second and up to three at once; ten for reading a
 * Machine; and 100 deletions of apps a minute.
 */
final class FlyLimiter {
    private static final int DELETIONS = 100;

    private final Map<String, double[]> buckets = new HashMap<>();

    /** Answers whether a request may pass. */
    synchronized boolean passes(String action, String identifier, boolean reading, long nanoTime) {
        return passes(action + " " + identifier, reading ? 5 : 1, reading ? 10 : 3, nanoTime);
    }

    /** Answers whether one more app may be deleted. */
    synchronized boolean passesDeletion(long nanoTime) {
        return passes("delete app", DELETIONS / 60.0, DELETIONS, nanoTime);
    }

    private boolean passes(String key, double rate, double most, long nanoTime) {
        double[] bucket = buckets.computeIfAbsent(key, each -> new double[] {most, nanoTime});
        bucket[0] = Math.min(most, bucket[0] + (nanoTime - bucket[1]) / 1e9 * rate);
        bucket[1] = nanoTime;
        if (bucket[0] < 1) {
            return false;
        }
        bucket[0]--;
        return true;
    }
}

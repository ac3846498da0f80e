package dev.sandkeeper.testkit.simulator;

import java.util.HashMap;
import java.util.Map;

/** The published limits: for each action and Machine or app one request a second and up to three at once; ten for reading a Machine. */
final class FlyLimiter {
    private final Map<String, double[]> buckets = new HashMap<>();

    /** Answers whether a request may pass. */
    synchronized boolean passes(String action, String identifier, boolean reading, long nanoTime) {
        double rate = reading ? 5 : 1;
        double most = reading ? 10 : 3;
        double[] bucket = buckets.computeIfAbsent(action + " " + identifier, key -> new double[] {most, nanoTime});
        bucket[0] = Math.min(most, bucket[0] + (nanoTime - bucket[1]) / 1e9 * rate);
        bucket[1] = nanoTime;
        if (bucket[0] < 1) {
            return false;
        }
        bucket[0]--;
        return true;
    }
}

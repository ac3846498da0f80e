package dev.sandkeeper.testkit.simulator.e2b;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;

/**
 * What a simulator was told.
 *
 * @param apiKey the one key
 * @param clock ends sandboxes
 * @param templates the image by alias; empty for the backend's default
 * @param concurrentSandboxes how many may run
 * @param longestLife how long one may run
 */
record Settings(
        String apiKey, Clock clock, Map<String, String> templates, int concurrentSandboxes, Duration longestLife) {
    static final String ENVD_VERSION = "0.6.13";
    static final String CLIENT_ID = "6532622b";
    static final int CPUS = 2;
    static final int MEMORY_MB = 512;
    static final int DISK_MB = 10_240;

    /** Leaves the key out. */
    @Override
    public String toString() {
        return "Settings[" + templates.keySet() + "]";
    }
}

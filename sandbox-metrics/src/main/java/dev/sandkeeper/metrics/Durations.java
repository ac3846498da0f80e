package dev.sandkeeper.metrics;

import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** Timers with the buckets that suit what they measure. */
final class Durations {
    private static final Duration[] OF_COMMANDS = {
        Duration.ofMillis(1),
        Duration.ofMillis(5),
        Duration.ofMillis(25),
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(2),
        Duration.ofSeconds(10),
        Duration.ofMinutes(1),
        Duration.ofMinutes(10)
    };
    private static final Duration[] OF_CHANGES = {
        Duration.ofMillis(10),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(2)
    };

    private Durations() {}

    /** Of a command, from a millisecond to minutes. */
    static Timer.Builder ofCommands(String name, String description) {
        return Timer.builder(name).description(description).serviceLevelObjectives(OF_COMMANDS);
    }

    /** Of making or ending a sandbox. */
    static Timer.Builder ofChanges(String name, String description) {
        return Timer.builder(name).description(description).serviceLevelObjectives(OF_CHANGES);
    }
}

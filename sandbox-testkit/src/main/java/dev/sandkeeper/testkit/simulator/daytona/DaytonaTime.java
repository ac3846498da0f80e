package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.ScheduledFuture;

/** The simulator's time, off by as much as the plan of faults says, and its threads. */
final class DaytonaTime {
    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter NANOS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);

    private final Clock clock;
    private final SimulatorServer server;

    DaytonaTime(Clock clock, SimulatorServer server) {
        this.clock = clock;
        this.server = server;
    }

    Instant now() {
        return clock.instant().plus(server.faults().clockSkew());
    }

    /** As the control plane writes it. */
    static String millis(Instant moment) {
        return MILLIS.format(moment);
    }

    /** As the toolbox writes it. */
    static String nanos(Instant moment) {
        return NANOS.format(moment);
    }

    /** How long a change of state takes. */
    Duration transition() {
        return server.faults().transitionTime();
    }

    /** Runs something that may block, on a thread of its own. */
    void run(String what, Runnable task) {
        server.run(what, task);
    }

    /** The same later. */
    void after(Duration delay, String what, Runnable task) {
        Runnable start = () -> server.run(what, task);
        if (delay.isZero()) {
            start.run();
        } else {
            ScheduledFuture<?> unused = server.after(delay, start);
        }
    }
}

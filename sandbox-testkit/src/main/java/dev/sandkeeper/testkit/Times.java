package dev.sandkeeper.testkit;

import dev.sandkeeper.testkit.internal.MachineTime;
import dev.sandkeeper.testkit.internal.RealTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** Which time goes with a clock: a mutable clock drives what waits, any other leaves that to real time. */
final class Times {
    private Times() {}

    static MachineTime of(Clock clock) {
        return clock instanceof MutableClock mutable ? new Driven(mutable) : new RealTime(clock);
    }

    private record Driven(MutableClock clock) implements MachineTime {
        @Override
        public Instant now() {
            return clock.instant();
        }

        @Override
        public Runnable after(Duration delay, Runnable task) {
            return clock.schedule(delay, task);
        }
    }
}

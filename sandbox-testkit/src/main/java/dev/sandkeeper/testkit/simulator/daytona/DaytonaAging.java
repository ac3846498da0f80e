package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.daytona.DaytonaState.Desired;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stops, archives and deletes what nobody has used for as long as its intervals say. */
final class DaytonaAging {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaAging.class);

    private final DaytonaFleet fleet;
    private final DaytonaLifecycle lifecycle;
    private final DaytonaTime time;

    DaytonaAging(DaytonaFleet fleet, DaytonaLifecycle lifecycle, DaytonaTime time) {
        this.fleet = fleet;
        this.lifecycle = lifecycle;
        this.time = time;
    }

    /** Looks at all sandboxes once. */
    void check() {
        Instant now = time.now();
        for (DaytonaBox box : fleet.all()) {
            synchronized (fleet) {
                if (!box.gone() && !box.pending()) {
                    age(box, now);
                }
            }
        }
    }

    private void age(DaytonaBox box, Instant now) {
        if (box.openRequests > 0) {
            box.lastActivityAt = now;
        }
        try {
            if (box.autoDestroyAt != null && !box.autoDestroyAt.isAfter(now)) {
                lifecycle.delete(box);
            } else if (box.state == DaytonaState.STARTED && box.autoStop > 0 && idle(box, box.autoStop, now)) {
                lifecycle.stop(box, false);
            } else if (deletable(box) && box.autoDelete >= 0 && idle(box, box.autoDelete, now)) {
                lifecycle.delete(box);
            } else if (box.state == DaytonaState.STOPPED
                    && box.desired == Desired.STOPPED
                    && idle(box, box.autoArchive, now)) {
                lifecycle.archive(box);
            }
        } catch (DaytonaRefusal e) {
            LOG.debug("left as it is: {}", e.message());
        }
    }

    private static boolean deletable(DaytonaBox box) {
        return box.state == DaytonaState.STOPPED || box.state == DaytonaState.ARCHIVED;
    }

    private static boolean idle(DaytonaBox box, long minutes, Instant now) {
        return !box.lastActivityAt.plus(Duration.ofMinutes(minutes)).isAfter(now);
    }
}

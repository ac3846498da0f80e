package dev.sandkeeper.local;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waits for what nobody announces: in steps that grow from a half to 20 milliseconds, and not for ever. */
final class Wait {
    private static final long LONGEST = TimeUnit.MILLISECONDS.toNanos(20);

    private final long end;
    private long step = TimeUnit.MICROSECONDS.toNanos(500);

    Wait(Duration patience) {
        end = System.nanoTime() + patience.toNanos();
    }

    /** Waits one step, or answers false at once if the time is up. */
    boolean pause() throws InterruptedException {
        long left = end - System.nanoTime();
        if (left <= 0) {
            return false;
        }
        TimeUnit.NANOSECONDS.sleep(Math.min(step, left));
        step = Math.min(LONGEST, step * 2);
        return true;
    }
}

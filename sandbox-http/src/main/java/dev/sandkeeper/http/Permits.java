package dev.sandkeeper.http;

import dev.sandkeeper.internal.Deadline;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** How many calls of one kind may be on their way. Who waits longest comes first. */
final class Permits {
    private final int most;
    private final Semaphore free;

    Permits(int most) {
        this.most = most;
        this.free = new Semaphore(most, true);
    }

    int most() {
        return most;
    }

    /** Waits for one; null if none came free in time. Whoever has it gives it back once, however often it is told to. */
    @Nullable
    Runnable take(Deadline deadline) throws InterruptedException {
        if (!free.tryAcquire(Math.max(0, deadline.left()), TimeUnit.NANOSECONDS)) {
            return null;
        }
        AtomicBoolean taken = new AtomicBoolean(true);
        return () -> {
            if (taken.compareAndSet(true, false)) {
                free.release();
            }
        };
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Destroys sandboxes. One that is in a transition cannot be destroyed before that is over, and the answer to a request says
 * little; so it is asked for until Daytona does not have the sandbox any more.
 */
final class Removal {
    private static final long FIRST_PAUSE = 50;
    private static final long LONGEST_PAUSE = 1000;

    private final DaytonaApi api;

    Removal(DaytonaApi api) {
        this.api = api;
    }

    /**
     * Destroys one.
     *
     * @throws BackendUnavailableException if it is not known to be gone in time
     */
    void destroy(String id, Duration bound) {
        Deadline deadline = Deadline.in(bound);
        DaytonaApi bounded = api.until(deadline);
        long pause = FIRST_PAUSE;
        String word = "";
        boolean going = false;
        while (true) {
            if (!going && !ask(bounded, id)) {
                return;
            }
            Optional<Wire.Sandbox> found = bounded.find(id);
            if (found.isEmpty() || "destroyed".equals(found.get().state())) {
                return;
            }
            word = String.valueOf(found.get().state());
            going = found.get().phase() == Phase.DESTROYED;
            if (deadline.passed()) {
                throw new BackendUnavailableException(api.failure(
                                "destroy_unfinished",
                                "sandbox " + id + " is not known to be gone after " + bound + ": it is " + word)
                        .remedy("It is tried again; if it stays so, ask Daytona's support with this id"));
            }
            try {
                TimeUnit.MILLISECONDS.sleep(pause);
            } catch (InterruptedException e) {
                throw api.client().interrupted("destroy sandbox " + id, e);
            }
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
    }

    /** False if there is none. */
    private static boolean ask(DaytonaApi bounded, String id) {
        try {
            return bounded.delete(id);
        } catch (SandboxConflictException e) {
            // a transition goes on, perhaps the very one that is wanted
            return true;
        }
    }
}

package dev.sandkeeper.fly;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import java.util.Optional;

/** Waits for a new app: just after it was made, it may not be known everywhere, nor what a token may do with it. */
final class AppArrival {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private AppArrival() {}

    /** Waits for a minute at most. */
    static AppView await(AppsApi api, String app, Deadline deadline) {
        Deadline end = deadline.orSooner(PATIENCE);
        Deadline begun = Deadline.in(Duration.ZERO);
        for (long wait = 100; ; wait = Math.min(2 * wait, 2000)) {
            Optional<AppView> view = api.newApp(app);
            if (view.isPresent()) {
                return view.get();
            }
            if (end.passed()) {
                long seconds =
                        Duration.ofNanos(System.nanoTime() - begun.nanoTime()).toSeconds();
                throw new BackendUnavailableException(api.client()
                        .failure(
                                "app_not_found",
                                "app \"" + app + "\" was made and is not found " + seconds + " seconds later"));
            }
            Pause.millis(wait, api.client(), "make an app");
        }
    }
}

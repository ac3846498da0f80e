package dev.sandkeeper.fly;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Looks Machines up and ends them, whatever they are called by. Safe from many threads. */
final class Machines {
    private static final Duration DESTRUCTION = Duration.ofSeconds(60);
    /** What Fly's own client gives the list of an app to catch up. */
    private static final Duration LAG = Duration.ofSeconds(5);

    private final AppsApi apps;
    private final FlyApi api;

    Machines(AppsApi apps, FlyApi api) {
        this.apps = apps;
        this.api = api;
    }

    /** {@return the Machine, or nothing if there is none; a destroyed one may still be shown} */
    Optional<MachineView> find(SandboxRef ref) {
        return ref.machine() == null ? alone(ref.app()) : api.find(new MachineRef(ref.app(), ref.machine()));
    }

    /** {@return the Machine's own name, without looking at it if it is known} */
    MachineRef named(SandboxRef ref) {
        if (ref.machine() != null) {
            return new MachineRef(ref.app(), ref.machine());
        }
        return alone(ref.app())
                .map(view -> new MachineRef(ref.app(), view.id()))
                .orElseThrow(() -> new SandboxGoneException(
                        null, null, api.client().failure("sandbox_gone", "there is no Machine in app " + ref)));
    }

    /** The one Machine of an app. Its absence is believed only if the list had time to catch up, and the app says so too. */
    private Optional<MachineView> alone(String app) {
        Deadline patience = Deadline.in(LAG);
        for (long wait = 250; ; wait = Math.min(2 * wait, 1000)) {
            Optional<List<MachineView>> listed = api.list(app);
            if (listed.isEmpty()) {
                return Optional.empty();
            }
            Optional<MachineView> found = listed.get().stream()
                    .filter(view -> !view.isDestroyed() && isOfApp(view, app))
                    .findFirst();
            if (found.isPresent()) {
                return found;
            }
            if (patience.passed()) {
                break;
            }
            Pause.millis(wait, api.client(), "look at a Machine");
        }
        if (apps.app(app).map(AppView::machines).orElse(0) > 0) {
            throw new BackendUnavailableException(api.client()
                    .failure("machine_not_listed", "app " + app + " counts a Machine that its list does not show")
                    .remedy("Try again when Fly's lists have caught up"));
        }
        return Optional.empty();
    }

    private static boolean isOfApp(MachineView view, String app) {
        return AppName.of(app)
                .filter(name -> view.name().equals(Identity.machineName(name.sandboxId())))
                .isPresent();
    }

    /** Ends what a ref names, and makes sure of it within a minute. */
    void destroy(SandboxRef ref) {
        if (ref.machine() == null) {
            destroyApp(ref.app());
        } else {
            destroyMachine(new MachineRef(ref.app(), ref.machine()));
        }
    }

    private void destroyMachine(MachineRef ref) {
        Deadline deadline = Deadline.in(DESTRUCTION);
        api.destroy(ref);
        for (long wait = 20; ; wait = Math.min(2 * wait, 1000)) {
            MachineView view = api.find(ref).orElse(null);
            if (view == null || view.isDestroyed()) {
                return;
            }
            if (deadline.passed()) {
                throw new BackendUnavailableException(api.client()
                        .failure(
                                "machine_not_gone",
                                "Machine " + ref + " is " + view.state() + " " + DESTRUCTION.toSeconds()
                                        + " seconds after it was to be destroyed"));
            }
            if (!view.state().equals("destroying")) {
                api.destroy(ref);
            }
            Pause.millis(wait, api.client(), "destroy a sandbox");
        }
    }

    /** Asks once, since deletions of apps are limited; Machines and volumes go with their app. */
    private void destroyApp(String app) {
        Deadline deadline = Deadline.in(DESTRUCTION);
        apps.deleteApp(app);
        for (long wait = 20; apps.hasApp(app); wait = Math.min(2 * wait, 1000)) {
            if (deadline.passed()) {
                throw new BackendUnavailableException(api.client()
                        .failure(
                                "app_not_gone",
                                "app " + app + " is still there " + DESTRUCTION.toSeconds()
                                        + " seconds after it was to be deleted")
                        .remedy("It may be deleted again"));
            }
            Pause.millis(wait, api.client(), "destroy a sandbox");
        }
    }
}

package dev.sandkeeper.fly;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One app for all Machines. It is made if there is none, and stays. */
final class SharedApp implements Apps {
    private final AppsApi apps;
    private final FlyApi api;
    private final String app;
    private final @Nullable String organization;
    private volatile boolean isThere;

    SharedApp(AppsApi apps, FlyApi api, FlySettings settings) {
        this.apps = apps;
        this.api = api;
        this.app = settings.app();
        this.organization = settings.organization();
    }

    @Override
    public String name(String deployment, SandboxId sandboxId) {
        return app;
    }

    @Override
    public Deadline prepare(String name, Duration timeout) {
        if (!isThere) {
            if (!apps.hasApp(app)) {
                make();
            }
            isThere = true;
        }
        return Deadline.in(timeout);
    }

    private void make() {
        if (organization == null) {
            throw new BackendRejectedException(api.client()
                    .failure("app_not_found", "there is no app \"" + app + "\"")
                    .remedy(
                            "Make it, or name the organization in which it may be made: FLY_ORG. If it is there, check url of"
                                    + " the backend's builder, or FLY_FLAPS_BASE_URL"));
        }
        apps.createApp(app, organization);
        AppArrival.await(apps, app, Deadline.never());
    }

    @Override
    public SandboxRef ref(MachineRef machine) {
        return SandboxRef.of(machine);
    }

    @Override
    public void remove(String name, @Nullable MachineRef made) {
        if (made != null) {
            api.destroy(made);
        }
    }

    @Override
    public Optional<SandboxRef> find(String deployment, SandboxId sandboxId) {
        return api.list(app, Identity.SANDBOX, sandboxId.toString()).stream()
                .flatMap(List::stream)
                .filter(view -> !view.isDestroyed())
                .filter(view -> view.identity()
                        .filter(identity -> identity.deployment().equals(deployment))
                        .isPresent())
                .map(this::ref)
                .findFirst();
    }

    private SandboxRef ref(MachineView view) {
        return ref(new MachineRef(app, view.id()));
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        Optional<List<MachineView>> views = api.list(app, Identity.DEPLOYMENT, deployment);
        List<OwnedResource> resources = new ArrayList<>();
        for (MachineView view : views.orElse(List.of())) {
            if (!view.isDestroyed()) {
                view.identity()
                        .ifPresent(identity -> resources.add(
                                new OwnedResource(ref(view).toString(), identity.sandboxId(), identity.createdAt())));
            }
        }
        return new OwnedListing(resources, views.isPresent());
    }

    @Override
    public BackendHealth health() {
        if (apps.hasApp(app)) {
            return new BackendHealth(true, toString());
        }
        return organization == null
                ? new BackendHealth(false, this + ", which is not there. Make it, or set FLY_ORG")
                : new BackendHealth(true, this + ", which will be made");
    }

    @Override
    public String toString() {
        return "app " + app;
    }
}

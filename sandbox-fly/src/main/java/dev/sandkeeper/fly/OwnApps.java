package dev.sandkeeper.fly;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An app of its own for each sandbox, with a private network of its own. Its name tells whose it is, so that it is found without
 * any list, and before it has a Machine.
 */
final class OwnApps implements Apps {
    private static final Logger LOG = LoggerFactory.getLogger(OwnApps.class);
    private static final int ATTEMPTS = 4;
    private static final long FIRST_PAUSE_MILLIS = 250;

    private final AppsApi api;
    private final String prefix;
    private final String organization;

    OwnApps(AppsApi api, String prefix, String organization) {
        this.api = api;
        this.prefix = prefix;
        this.organization = organization;
    }

    @Override
    public String name(String deployment, SandboxId sandboxId) {
        return AppName.of(prefix, deployment, sandboxId).toString();
    }

    @Override
    public Deadline prepare(String app, Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        make(app, deadline);
        AppView made = AppArrival.await(api, app, deadline);
        // a field that the service does not know it passes over, and so would put the sandbox among all others
        if (!made.network().isEmpty() && !made.network().equals(app)) {
            throw new BackendRejectedException(api.client()
                    .failure(
                            "app_not_isolated",
                            "network: app \"" + app + "\" is in the private network \"" + made.network()
                                    + "\" and not in one of its own")
                    .remedy("Ask Fly why, or leave appPerSandbox() out"));
        }
        return deadline;
    }

    /** Asks again after a lost answer: the name is nobody else's, so that an app that has it is the one. */
    private void make(String app, Deadline deadline) {
        SandboxException lost = null;
        for (int attempt = 1; attempt <= ATTEMPTS && !deadline.passed(); attempt++) {
            try {
                api.createIsolatedApp(app, organization);
                return;
            } catch (BackendRejectedException e) {
                if (e.code().equals(FlyErrors.APP_NAME_TAKEN)) {
                    return;
                }
                throw lost == null ? e : unknown(app, e);
            } catch (OutcomeUnknownException e) {
                LOG.debug("the answer to the create of app {} was lost; it is asked again", app, e);
                lost = e;
            } catch (BackendUnavailableException e) {
                if (lost == null) {
                    throw e;
                }
            }
            Pause.millis(FIRST_PAUSE_MILLIS << attempt, api.client(), "make an app");
        }
        throw unknown(app, lost);
    }

    private OutcomeUnknownException unknown(String app, @Nullable SandboxException last) {
        return new OutcomeUnknownException(api.client()
                .failure("outcome_unknown", "it is not known whether app " + app + " was made")
                .cause(last));
    }

    @Override
    public SandboxRef ref(MachineRef machine) {
        return new SandboxRef(machine.app(), null);
    }

    /** Whether or not an app or a Machine is known to have been made: an answer may have been lost. */
    @Override
    public void remove(String app, @Nullable MachineRef made) {
        api.deleteApp(app);
    }

    @Override
    public Optional<SandboxRef> find(String deployment, SandboxId sandboxId) {
        AppName app = AppName.of(prefix, deployment, sandboxId);
        return api.hasApp(app.toString()) ? Optional.of(SandboxRef.of(app)) : Optional.empty();
    }

    /**
     * Goes by the names of all apps of the organization. Where a Machine of one is listed too, it is the second witness: an app
     * that holds a Machine of somebody else is left alone.
     */
    @Override
    public OwnedListing listOwned(String deployment) {
        AppsApi.AppList listed = api.apps(organization);
        Map<String, AppName> ours = new HashMap<>();
        for (AppView view : listed.apps()) {
            AppName.of(view.name())
                    .filter(name -> name.isOf(prefix, deployment))
                    .ifPresent(name -> ours.put(view.name(), name));
        }
        Map<String, List<MachineView>> machines =
                ours.isEmpty() ? Map.of() : api.machines(organization, ours::containsKey);
        List<OwnedResource> resources = new ArrayList<>();
        for (AppName name : ours.values()) {
            List<Identity> identities = machines.getOrDefault(name.toString(), List.of()).stream()
                    .flatMap(view -> view.identity().stream())
                    .toList();
            if (identities.stream().allMatch(each -> isOf(each, deployment, name))) {
                Instant createdAt = identities.isEmpty()
                        ? name.createdAt()
                        : identities.get(0).createdAt();
                resources.add(new OwnedResource(SandboxRef.of(name).toString(), name.sandboxId(), createdAt));
            } else {
                LOG.warn("app {} is named as ours and holds a Machine that is not; it is left alone", name);
            }
        }
        return new OwnedListing(resources, listed.complete());
    }

    private static boolean isOf(Identity identity, String deployment, AppName app) {
        return identity.deployment().equals(deployment) && identity.sandboxId().equals(app.sandboxId());
    }

    @Override
    public BackendHealth health() {
        int apps = api.apps(organization).apps().size();
        return new BackendHealth(true, this + ", organization " + organization + " with " + apps + " apps");
    }

    @Override
    public String toString() {
        return "apps " + prefix + "-*";
    }
}

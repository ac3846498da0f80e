package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What the engine has. */
final class Inventory {
    private final Engine engine;

    Inventory(Engine engine) {
        this.engine = engine;
    }

    /** Looks at a container by id or name. */
    Optional<InspectContainerResponse> inspect(String ref) {
        try {
            return Optional.of(engine.inspectContainer("look at container " + ref, ref));
        } catch (NotFoundException e) {
            return Optional.empty();
        } catch (DockerException e) {
            throw engine.faults().refused("look at container " + ref, e);
        }
    }

    Optional<String> find(Identity identity) {
        if (inspect(identity.ref()).isPresent() || !volumes(identity.filters()).isEmpty()) {
            return Optional.of(identity.ref());
        }
        // somebody may have renamed it
        return containers(identity.filters()).stream().map(Container::getId).findFirst();
    }

    OwnedListing owned(String deployment) {
        Map<SandboxId, OwnedResource> found = new LinkedHashMap<>();
        for (Container container : containers(Identity.filtersOf(deployment))) {
            Identity.of(container.getLabels()).ifPresent(identity -> {
                boolean named = List.of(container.getNames()).contains("/" + identity.ref());
                found.putIfAbsent(
                        identity.sandboxId(),
                        new OwnedResource(
                                named ? identity.ref() : container.getId(),
                                identity.sandboxId(),
                                Identity.createdAt(container.getLabels())));
            });
        }
        for (InspectVolumeResponse volume : volumes(Identity.filtersOf(deployment))) {
            Identity.of(volume.getLabels())
                    .ifPresent(identity -> found.putIfAbsent(
                            identity.sandboxId(),
                            new OwnedResource(
                                    identity.ref(), identity.sandboxId(), Identity.createdAt(volume.getLabels()))));
        }
        return new OwnedListing(new ArrayList<>(found.values()), true);
    }

    private List<Container> containers(List<String> labels) {
        String what = "list containers";
        try {
            return engine.call(
                    what,
                    client -> client.listContainersCmd()
                            .withShowAll(true)
                            .withLabelFilter(labels)
                            .exec());
        } catch (DockerException e) {
            throw engine.faults().refused(what, e);
        }
    }

    List<InspectVolumeResponse> volumes(List<String> labels) {
        String what = "list volumes";
        try {
            List<InspectVolumeResponse> volumes = engine.call(
                            what,
                            client -> client.listVolumesCmd()
                                    .withFilter("label", labels)
                                    .exec())
                    .getVolumes();
            return volumes == null ? List.of() : volumes;
        } catch (DockerException e) {
            throw engine.faults().refused(what, e);
        }
    }

    static ProviderState state(InspectContainerResponse container) {
        String status = container.getState().getStatus();
        return switch (status == null ? "" : status.toLowerCase(Locale.ROOT)) {
            case "running", "restarting" -> ProviderState.PRESENT;
            case "paused" -> ProviderState.PAUSED;
            case "exited", "dead" -> ProviderState.GONE;
            // "created" may be about to start, "removing" may fail
            default -> ProviderState.UNKNOWN;
        };
    }
}

package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Removes everything that belongs to a sandbox, and looks whether it is gone. May be done by several at the same time. */
final class Removal {
    private static final int ATTEMPTS = 4;
    private static final Duration IN_PROGRESS = Duration.ofSeconds(20);

    private final Engine engine;
    private final Inventory inventory;

    Removal(Engine engine, Inventory inventory) {
        this.engine = engine;
        this.inventory = inventory;
    }

    /** Answers whether there was a container. */
    boolean destroy(String ref) {
        Optional<InspectContainerResponse> container = inventory.inspect(ref);
        Optional<Identity> identity = Identity.of(ref);
        if (container.isPresent()) {
            identity = Identity.of(container.get().getConfig().getLabels());
            removeContainer(container.get().getId());
        }
        identity.ifPresent(this::removeVolumes);
        return container.isPresent();
    }

    private void removeContainer(String id) {
        String what = "remove container " + id;
        for (int attempt = 1; ; attempt++) {
            try {
                engine.run(
                        what,
                        client -> client.removeContainerCmd(id)
                                .withForce(true)
                                .withRemoveVolumes(true)
                                .exec());
            } catch (NotFoundException e) {
                return;
            } catch (NotModifiedException e) {
                // it had stopped before
            } catch (ConflictException e) {
                if (!String.valueOf(e.getMessage()).contains("already in progress") && attempt == ATTEMPTS) {
                    throw engine.faults().refused(what, e);
                }
            } catch (DockerException e) {
                if (attempt == ATTEMPTS) {
                    throw engine.faults().refused(what, e);
                }
            }
            // whoever removes it: what counts is that it is gone
            if (gone(id, attempt == ATTEMPTS ? IN_PROGRESS : Duration.ofSeconds(attempt))) {
                return;
            }
            if (attempt == ATTEMPTS) {
                throw engine.faults()
                        .unavailable(
                                "container_not_gone", "container " + id + " is still there after its removal", null);
            }
        }
    }

    private boolean gone(String id, Duration bound) {
        Deadline deadline = Deadline.in(bound);
        for (long wait = 2; ; wait = Math.min(2 * wait, 200)) {
            if (inventory.inspect(id).isEmpty()) {
                return true;
            }
            if (deadline.passed()) {
                return false;
            }
            pause(wait);
        }
    }

    private void removeVolumes(Identity identity) {
        for (InspectVolumeResponse volume : inventory.volumes(identity.filters())) {
            removeVolume(volume.getName());
        }
    }

    private void removeVolume(String name) {
        String what = "remove volume " + name;
        for (int attempt = 1; ; attempt++) {
            try {
                engine.run(what, client -> client.removeVolumeCmd(name).exec());
                return;
            } catch (NotFoundException e) {
                return;
            } catch (ConflictException e) {
                // the container that holds it may be about to go
                if (attempt == ATTEMPTS) {
                    throw engine.faults()
                            .unavailable(
                                    "volume_in_use",
                                    "volume " + name + " is in use: "
                                            + EngineMessages.of(String.valueOf(e.getMessage())),
                                    e);
                }
            } catch (DockerException e) {
                if (attempt == ATTEMPTS) {
                    throw engine.faults().refused(what, e);
                }
            }
            pause(100L * attempt);
        }
    }

    private void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw engine.faults().interrupted("destroy a sandbox", e);
        }
    }
}

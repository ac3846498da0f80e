package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.SnapshotNames;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A deployment's snapshots among all of the team: E2B keeps no metadata of one, so that its name says whose it is. */
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

    private final String backend;
    private final ProviderClient client;
    private final Api api;
    private final Duration lost;

    /**
     * Of one team.
     *
     * @param lost how long one is looked for after its answer was lost
     */
    Snapshots(String backend, ProviderClient client, Api api, Duration lost) {
        this.backend = backend;
        this.client = client;
        this.api = api;
        this.lost = lost;
    }

    Snapshot make(String deployment, String ref, String name) {
        String atProvider = SnapshotNames.atProvider(deployment, name);
        // E2B itself would put the new one in the place of the old one
        if (find(deployment, name).isPresent()) {
            throw SnapshotNames.taken(backend, name);
        }
        try {
            return new Snapshot(backend, name, api.snapshot(ref, atProvider), null);
        } catch (OutcomeUnknownException e) {
            return look(deployment, name).orElseThrow(() -> unknown(ref, name, e));
        }
    }

    private OutcomeUnknownException unknown(String ref, String name, OutcomeUnknownException cause) {
        return new OutcomeUnknownException(client.failure(
                        "outcome_unknown",
                        "the answer was lost to a snapshot \"" + name + "\" of sandbox " + ref
                                + ", and none was found yet")
                .cause(cause)
                .remedy("See SandboxManager.snapshots() in a minute"));
    }

    private Optional<Snapshot> look(String deployment, String name) {
        Deadline deadline = Deadline.in(lost);
        for (long wait = 100; !deadline.passed(); wait = Math.min(2 * wait, 2000)) {
            try {
                Optional<Snapshot> found = find(deployment, name);
                if (found.isPresent()) {
                    return found;
                }
            } catch (BackendUnavailableException e) {
                LOG.debug("{}: no answer while looking for snapshot {}", backend, name, e);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(wait);
            } catch (InterruptedException e) {
                throw client.interrupted("look for snapshot " + name, e);
            }
        }
        return Optional.empty();
    }

    private Optional<Snapshot> find(String deployment, String name) {
        return list(deployment).stream()
                .filter(each -> each.name().equals(name))
                .findFirst();
    }

    List<Snapshot> list(String deployment) {
        return api.snapshots().stream()
                .flatMap(each -> of(deployment, each).stream())
                .toList();
    }

    void delete(String deployment, String image) {
        list(deployment).stream().filter(each -> each.image().equals(image)).forEach(each -> api.deleteSnapshot(image));
    }

    private Optional<Snapshot> of(String deployment, Wire.Snapshot wire) {
        String id = wire.snapshotID();
        if (id == null) {
            return Optional.empty();
        }
        List<String> names = wire.names() == null ? List.of() : wire.names();
        return Stream.concat(Stream.of(id), names.stream())
                .flatMap(each -> SnapshotNames.of(deployment, alias(each)).stream())
                .findFirst()
                .map(name -> new Snapshot(backend, name, id, null));
    }

    /** Without the team before it and the tag behind. */
    private static String alias(String id) {
        String name = id.substring(id.lastIndexOf('/') + 1);
        int tag = name.indexOf(':');
        return tag < 0 ? name : name.substring(0, tag);
    }
}

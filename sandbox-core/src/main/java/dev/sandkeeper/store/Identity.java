package dev.sandkeeper.store;

import dev.sandkeeper.Failure;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a database may answer for a deployment, and records it. A copy, an emptied database and a database of
 * another deployment would take the sandboxes of the first one for orphans, so they are refused until the host confirms.
 *
 * @param name what to call the store in a message
 * @param named the id that the host has named; null if it leaves that to the store
 * @param confirm whether the host says that this is the right database
 */
record Identity(String name, @Nullable String named, boolean confirm) {
    private static final int PAGE = 500;

    /** Refuses a database that is new although its marker says that there was one. */
    void checkNew(Optional<Marker> marker) {
        if (!confirm && marker.isPresent()) {
            throw refusal(
                    "the database is new or emptied, but the file beside it says that it answers for "
                            + quoted(marker.get().deployment()),
                    marker.get().deployment());
        }
    }

    /** Refuses a database that is not where, or not what, it was. */
    void check(Deployment recorded, Optional<Marker> marker, String livesAt) {
        if (confirm) {
            return;
        }
        if (named != null && !named.equals(recorded.id())) {
            throw new StoreUnavailableException(Failure.of(
                            "deployment_unconfirmed",
                            name + " is refused: it answers for the deployment " + quoted(recorded.id()) + ", not for "
                                    + quoted(named))
                    .remedy("Open it with deployment(" + quoted(recorded.id())
                            + "), or once with confirmDeployment() to"
                            + " make it answer for " + quoted(named) + ": it then forgets the sandboxes of "
                            + quoted(recorded.id())));
        }
        if (marker.isPresent() && !marker.get().equals(new Marker(recorded.id(), recorded.databaseId()))) {
            throw refusal(
                    "the database answers for the deployment " + quoted(recorded.id())
                            + ", but the file beside it belongs to another database, of "
                            + quoted(marker.get().deployment()),
                    recorded.id());
        }
        if (!livesAt.equals(recorded.livesAt())) {
            throw refusal(
                    "it was copied or moved: it lived at \"" + recorded.livesAt() + "\" and is now at \"" + livesAt
                            + "\"",
                    recorded.id());
        }
    }

    /** What a database that has no record yet is to record. */
    Deployment first(Optional<Marker> marker, String livesAt) {
        String id = named != null
                ? named
                : marker.map(Marker::deployment)
                        .filter(found -> !found.isEmpty())
                        .orElseGet(Identity::freshId);
        boolean ownId = named == null && marker.isEmpty();
        return new Deployment(id, UUID.randomUUID().toString(), livesAt, confirm || ownId);
    }

    /** What a database that has passed the check is to record. */
    Deployment next(Handle handle, Deployment recorded, Optional<Marker> marker, String livesAt, Instant now) {
        if (!confirm) {
            return recorded;
        }
        String id = named != null ? named : recorded.id();
        boolean same = id.equals(recorded.id())
                && livesAt.equals(recorded.livesAt())
                && marker.isPresent()
                && marker.get().equals(new Marker(recorded.id(), recorded.databaseId()));
        if (same && recorded.confirmed()) {
            return recorded;
        }
        if (!id.equals(recorded.id())) {
            letGo(handle, recorded.id(), id, now);
        }
        Deployment next = new Deployment(
                id, same ? recorded.databaseId() : UUID.randomUUID().toString(), livesAt, true);
        next.replace(handle);
        return next;
    }

    /** Under another id the live rows are somebody else's sandboxes: the new deployment must never destroy them. */
    private static void letGo(Handle handle, String from, String to, Instant now) {
        while (true) {
            Map<String, Object> parameters = new HashMap<>();
            Query query = handle.createQuery(RowQueries.list(SandboxRows.RowFilter.ALL, null, PAGE, parameters));
            parameters.forEach(query::bind);
            List<SandboxRow> page =
                    query.map((row, context) -> Columns.read(row)).list();
            if (page.isEmpty()) {
                return;
            }
            for (SandboxRow row : page) {
                SandboxRow left = row.change()
                        .end("left to deployment " + from + " when this store became " + to, null, null)
                        .build();
                JdbiRows.archive(handle, new HistoryRow(left, now));
            }
        }
    }

    private StoreUnavailableException refusal(String why, String id) {
        return new StoreUnavailableException(Failure.of("deployment_unconfirmed", name + " is refused: " + why)
                .remedy("If this database is to answer for " + quoted(id)
                        + " alone from now on, open it once with confirmDeployment(): resources of that deployment that it"
                        + " does not know are then destroyed. If the first one lives on, open this one once with"
                        + " confirmDeployment() and a fresh id, such as deployment(\"" + freshId()
                        + "\"): it then forgets the sandboxes that belong to the first"));
    }

    private static String quoted(String id) {
        return id.isEmpty() ? "an unreadable deployment id" : "\"" + id + "\"";
    }

    private static String freshId() {
        byte[] random = new byte[8];
        ThreadLocalRandom.current().nextBytes(random);
        return "sk-" + HexFormat.of().formatHex(random);
    }
}

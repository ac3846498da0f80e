package dev.sandkeeper.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Whom a database answers for, as it says itself.
 *
 * @param id the deployment's id
 * @param databaseId random; another one is another database
 * @param livesAt where it was when it was last opened or confirmed
 * @param confirmed whether nothing speaks against its being the only database of that id
 */
record Deployment(String id, String databaseId, String livesAt, boolean confirmed) {
    private static final String FIND =
            "SELECT id, database_id, lives_at, confirmed FROM sandkeeper_deployment WHERE slot = 1";

    static Optional<Deployment> find(Handle handle) {
        return handle.createQuery(FIND)
                .map((row, context) -> new Deployment(
                        row.getString("id"),
                        row.getString("database_id"),
                        row.getString("lives_at"),
                        row.getBoolean("confirmed")))
                .findOne();
    }

    /** Writes the first record; fails with a duplicate key if another JVM was first. */
    int insert(Handle handle, long now) {
        return handle.createUpdate(
                        "INSERT INTO sandkeeper_deployment (slot, id, database_id, created_at, lives_at, confirmed)"
                                + " VALUES (1, :id, :database_id, :now, :lives_at, :confirmed)")
                .bind("id", id)
                .bind("database_id", databaseId)
                .bind("now", now)
                .bind("lives_at", livesAt)
                .bind("confirmed", confirmed)
                .execute();
    }

    int replace(Handle handle) {
        return handle.createUpdate("UPDATE sandkeeper_deployment SET id = :id, database_id = :database_id,"
                        + " lives_at = :lives_at, confirmed = :confirmed WHERE slot = 1")
                .bind("id", id)
                .bind("database_id", databaseId)
                .bind("lives_at", livesAt)
                .bind("confirmed", confirmed)
                .execute();
    }

    static boolean isUnconfirmed(Handle handle) {
        return !find(handle).map(Deployment::confirmed).orElse(false);
    }

    static int confirm(Handle handle) {
        return handle.createUpdate(
                        "UPDATE sandkeeper_deployment SET confirmed = TRUE WHERE slot = 1 AND confirmed = FALSE")
                .execute();
    }
}

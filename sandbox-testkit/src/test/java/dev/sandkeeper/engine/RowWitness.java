package dev.sandkeeper.engine;

import dev.sandkeeper.SandboxId;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sees every write to the rows from inside the database, by triggers: who wrote, under which fence, and who was refused.
 * A JVM that is killed cannot take its record along. Writers are told apart by the name of their connections.
 */
final class RowWitness implements AutoCloseable {
    private static final String NOW = "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";

    private static final List<String> SCHEMA = List.of(
            """
            CREATE TABLE witness (
                number BIGSERIAL PRIMARY KEY,
                writer TEXT NOT NULL,
                operation TEXT NOT NULL,
                at BIGINT NOT NULL,
                id TEXT,
                version BIGINT,
                state TEXT,
                fence_before BIGINT,
                fence BIGINT,
                lease_before BIGINT)""",
            "CREATE INDEX witness_id ON witness (id, version)",
            """
            CREATE FUNCTION witness_row() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO witness (writer, operation, at, id, version, state, fence_before, fence, lease_before)
                VALUES (current_setting('application_name'), TG_OP, %s, OLD.id, OLD.version,
                    CASE WHEN TG_OP = 'UPDATE' THEN NEW.state END, OLD.fence,
                    CASE WHEN TG_OP = 'UPDATE' THEN NEW.fence ELSE OLD.fence END, OLD.lease_until);
                RETURN NULL;
            END $$""".formatted(NOW),
            """
            CREATE FUNCTION witness_refused() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
                IF NOT EXISTS (SELECT FROM seen) THEN
                    INSERT INTO witness (writer, operation, at)
                    VALUES (current_setting('application_name'), 'REFUSED', %s);
                END IF;
                RETURN NULL;
            END $$""".formatted(NOW),
            "CREATE TRIGGER witness_row AFTER UPDATE OR DELETE ON sandkeeper_sandbox"
                    + " FOR EACH ROW EXECUTE FUNCTION witness_row()",
            "CREATE TRIGGER witness_refused_update AFTER UPDATE ON sandkeeper_sandbox"
                    + " REFERENCING OLD TABLE AS seen FOR EACH STATEMENT EXECUTE FUNCTION witness_refused()",
            "CREATE TRIGGER witness_refused_archive AFTER DELETE ON sandkeeper_sandbox"
                    + " REFERENCING OLD TABLE AS seen FOR EACH STATEMENT EXECUTE FUNCTION witness_refused()");

    /** Rows that a writer has claimed and not given back. */
    private static final String HELD = "SELECT COUNT(*) FROM sandkeeper_sandbox s WHERE state = 'CLEANING'"
            + " AND lease_owner IS NOT NULL AND EXISTS (SELECT FROM witness w WHERE w.id = s.id AND w.fence = s.fence"
            + " AND w.fence_before < w.fence AND w.writer = ?)";

    /** Claims of rows whose fence before was another's, who had neither given the row back nor lived to do so. */
    private static final String TAKEN_OVER = "SELECT COUNT(*) FROM witness w JOIN witness before ON before.id = w.id"
            + " AND before.fence = w.fence_before AND before.fence_before < before.fence AND before.writer = ?"
            + " WHERE w.operation = 'UPDATE' AND w.fence_before < w.fence AND w.writer <> before.writer"
            + " AND w.lease_before IS NOT NULL";

    private static final String ARCHIVED = "SELECT COUNT(*) FROM witness WHERE operation = 'DELETE' AND writer = ?";

    private static final String REFUSED = "SELECT COUNT(*) FROM witness WHERE operation = 'REFUSED' AND writer = ?";

    private final Connection connection;

    /** The tables are there already. */
    RowWitness(String url) throws SQLException {
        connection = DriverManager.getConnection(url);
        try (Statement statement = connection.createStatement()) {
            for (String sql : SCHEMA) {
                statement.execute(sql);
            }
        }
    }

    long live() {
        return count("SELECT COUNT(*) FROM sandkeeper_sandbox", null);
    }

    long held(String writer) {
        return count(HELD, writer);
    }

    long takenOverFrom(String writer) {
        return count(TAKEN_OVER, writer);
    }

    long archivedBy(String writer) {
        return count(ARCHIVED, writer);
    }

    long refused(String writer) {
        return count(REFUSED, writer);
    }

    private long count(String sql, @Nullable String parameter) {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            if (parameter != null) {
                statement.setString(1, parameter);
            }
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                return result.getLong(1);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All sandboxes of the history, once for each row that it has of them. */
    List<SandboxId> history() throws SQLException {
        List<SandboxId> ids = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT id FROM sandkeeper_history")) {
            while (rows.next()) {
                ids.add(SandboxId.of(rows.getString(1)));
            }
        }
        return ids;
    }

    /** One row, as a fold over all that was written to it sees it. */
    private static final class Seen {
        @Nullable
        String id;

        /** Who has claimed it under the newest fence. */
        @Nullable
        String holder;

        boolean ended;
        final Set<Long> versions = new HashSet<>();
    }

    /** Every write that must not have been accepted, in words. */
    List<String> violations() throws SQLException {
        List<String> violations = new ArrayList<>();
        Seen seen = new Seen();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT * FROM witness WHERE id IS NOT NULL ORDER BY id, version, number")) {
            while (rows.next()) {
                if (!rows.getString("id").equals(seen.id)) {
                    seen = new Seen();
                    seen.id = rows.getString("id");
                }
                String problem = problem(rows, seen);
                if (problem != null) {
                    violations.add(seen.id + " version " + rows.getLong("version") + ", " + rows.getString("operation")
                            + " by " + rows.getString("writer") + " under fence " + rows.getLong("fence") + ": "
                            + problem);
                }
            }
        }
        return violations;
    }

    private static @Nullable String problem(ResultSet row, Seen seen) throws SQLException {
        String writer = row.getString("writer");
        boolean archived = row.getString("operation").equals("DELETE");
        boolean first = seen.versions.add(row.getLong("version"));
        boolean after = seen.ended;
        seen.ended |= archived;
        if (!first) {
            return "another write had that version already";
        }
        if (after) {
            return "it was in the archive";
        }
        if (row.getLong("fence") > row.getLong("fence_before")) {
            long lease = row.getLong("lease_before");
            boolean tooEarly = seen.holder != null && !row.wasNull() && lease > row.getLong("at");
            String holder = seen.holder;
            seen.holder = writer;
            return tooEarly
                    ? "a claim while the lease of " + holder + " had " + (lease - row.getLong("at")) + " ms"
                    : null;
        }
        if (seen.holder == null) {
            return archived ? "nobody had claimed it" : null;
        }
        if (!Objects.equals(seen.holder, writer)) {
            return "the lease was that of " + seen.holder;
        }
        return archived || row.getString("state").equals("CLEANING") ? null : "it was being cleaned";
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}

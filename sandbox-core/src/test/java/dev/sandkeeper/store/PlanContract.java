package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.internal.SandboxRows.HistoryCursor;
import dev.sandkeeper.internal.SandboxRows.HistoryFilter;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import dev.sandkeeper.testsupport.DatabaseServers;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.StatementContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Lets the store do all it can, listens to what it says to the database, and asks for the plan of each statement. Lists by
 * backend, state or age alone walk along the ids until the page is full, which for what most rows have in common is soon.
 */
@Timeout(120)
@ExtendWith(DatabaseServers.class)
abstract class PlanContract {
    private static final int SANDBOXES = 4000;

    private final DataSource source;
    private final Dialect dialect;

    PlanContract(DataSource source, Dialect dialect) {
        this.source = source;
        this.dialect = dialect;
    }

    /** What brings the optimizer's knowledge of the tables up to date. */
    abstract String analyze();

    /** Those lines of a plan that read a whole table or index of ours; one with a limit may start to walk along an index. */
    abstract List<String> scans(Query explanation, boolean limited);

    /** Whether a plan reads an index of ours, all of it, and nothing else. */
    abstract boolean readsOnly(String index, Query explanation);

    @Test
    void readsNoTableAsAWhole() {
        SandboxStore.on(source).close();
        Jdbi.create(source).useTransaction(this::fill);
        Jdbi.create(source).useHandle(handle -> handle.execute(analyze()));

        Set<String> said = listen();
        assertThat(said)
                .anySatisfy(sql -> assertThat(sql).startsWith("UPDATE sandkeeper_sandbox"))
                .anySatisfy(sql -> assertThat(sql).startsWith("DELETE FROM sandkeeper_label"))
                .anySatisfy(sql -> assertThat(sql).startsWith("INSERT INTO sandkeeper_history"))
                .contains(RowQueries.DUE, RowQueries.NEXT_DUE, RowQueries.BY_REF, RowQueries.COUNT)
                .hasSizeGreaterThan(22);
        Jdbi.create(source)
                .useTransaction(handle -> assertThat(
                                readsOnly("sandkeeper_sandbox_state", explain(handle, RowQueries.COUNT)))
                        .as("counting reads an index and no row")
                        .isTrue());
        said.remove(RowQueries.COUNT);
        Jdbi.create(source)
                .useTransaction(handle -> assertThat(scans(
                                handle.createQuery("EXPLAIN SELECT id FROM sandkeeper_sandbox WHERE image = 'x'"),
                                false))
                        .as("what a scan looks like")
                        .isNotEmpty());
        Jdbi.create(source)
                .useTransaction(handle ->
                        said.forEach(sql -> assertThat(scans(explain(handle, sql), sql.endsWith(" LIMIT :limit")))
                                .as(sql)
                                .isEmpty()));
    }

    /** What the store says in the whole life of a sandbox, and in all ways to look for one. */
    private Set<String> listen() {
        Set<String> said = ConcurrentHashMap.newKeySet();
        Uninterrupted threads = new Uninterrupted(1);
        Database database = new Database(Source.of(source, () -> "test"), dialect, threads, Schema.PREFIX);
        database.jdbi().getConfig(SqlStatements.class).setSqlLogger(new SqlLogger() {
            @Override
            public void logAfterExecution(StatementContext context) {
                said.add(context.getRenderedSql());
            }
        });
        SandboxRows rows =
                new JdbiRows(database, database.transaction(Deployment::find).orElseThrow(), null);
        try {
            SandboxRow row = rows.insert(Rows.full());
            rows.find(row.id());
            rows.findHistory(row.id());
            rows.touch(Map.of(row.id(), Optional.of(Rows.START)));
            rows.keepProvisioning(List.of(row.id()), "me", Rows.START);
            row = rows.find(row.id()).orElseThrow();
            row = rows.compareAndSet(row.change().attempts(1).build()).orElseThrow();
            rows.archive(new HistoryRow(row, Rows.START));
            rows.due(Rows.START.plusMillis(10), 100);
            rows.nextDue();
            rows.findByRef("memory", "ref-7");
            rows.count(10);
            HistoryCursor before = new HistoryCursor(Rows.START.plusSeconds(1), SandboxId.generate(2000));
            for (HistoryCursor from : new HistoryCursor[] {null, before}) {
                rows.listHistory(HistoryFilter.ALL, from, 100);
                rows.listHistory(
                        new HistoryFilter("memory", "owner-7", "idle", Rows.START, Rows.START.plusSeconds(2), Map.of()),
                        from,
                        100);
                Map<String, String> labels = Map.of("n", "7", "all", "same");
                rows.listHistory(new HistoryFilter(null, "owner-7", null, null, null, labels), from, 100);
                rows.listHistory(
                        new HistoryFilter(null, null, null, Rows.START, Rows.START.plusSeconds(2), labels), from, 100);
            }
            rows.purgeHistory(Rows.START, 100);
            for (SandboxId after : new SandboxId[] {null, row.id()}) {
                for (RowFilter filter : filters()) {
                    rows.list(filter, after, 100);
                }
            }
        } finally {
            rows.close();
        }
        // of the one row that says whom the database answers for
        said.removeIf(sql -> sql.contains("sandkeeper_deployment") || sql.startsWith("SET "));
        return said;
    }

    private static List<RowFilter> filters() {
        List<RowFilter> filters = new ArrayList<>();
        Instant before = Rows.START.plusSeconds(1);
        for (String owner : new String[] {null, "owner-7"}) {
            for (Map<String, String> labels :
                    List.<Map<String, String>>of(Map.of(), Map.of("n", "7"), Map.of("n", "7", "all", "same"))) {
                filters.add(new RowFilter(null, owner, Set.of(), labels, null));
                filters.add(new RowFilter("memory", owner, Set.of(SandboxState.ACTIVE), labels, before));
            }
        }
        return filters;
    }

    private void fill(Handle handle) {
        PreparedBatch sandboxes = handle.prepareBatch(
                "INSERT INTO sandkeeper_sandbox (" + Columns.ALL + ") VALUES (" + Columns.PARAMETERS + ")");
        PreparedBatch labels = handle.prepareBatch(
                "INSERT INTO sandkeeper_label (sandbox_id, label_name, label_value) VALUES (?, ?, ?)");
        PreparedBatch histories = handle.prepareBatch(
                "INSERT INTO sandkeeper_history (" + Columns.HISTORY + ") VALUES (" + Columns.HISTORY_PARAMETERS + ")");
        for (int i = 0; i < SANDBOXES; i++) {
            SandboxRow row = Rows.row(SandboxId.generate(i), "owner-" + i % 200, Map.of())
                    .change()
                    .state(i % 10 == 0 ? SandboxState.CLEANING : SandboxState.ACTIVE)
                    .dueAt(Rows.START.plusMillis(i))
                    .providerRef("ref-" + i)
                    .build()
                    .withVersion(1);
            Columns.bindFixed(Columns.bindChanging(sandboxes, row), row).add();
            labels.add(row.id().toString(), "n", Integer.toString(i % 200));
            labels.add(row.id().toString(), "all", "same");
            Columns.bindHistory(histories, new HistoryRow(row, Rows.START.plusSeconds(i)))
                    .add();
        }
        sandboxes.execute();
        labels.execute();
        histories.execute();
    }

    private static Query explain(Handle handle, String sql) {
        Query explanation = handle.createQuery("EXPLAIN " + sql);
        explanation.getConfig(SqlStatements.class).setUnusedBindingAllowed(true);
        return Columns.bindHistory(explanation, Rows.history(Rows.full()))
                .bind("owner", "owner-7")
                .bind("now", Rows.START.toEpochMilli() + 10)
                .bind("until", Rows.START.toEpochMilli())
                .bind("before", Rows.START.toEpochMilli() + 1000)
                .bind("busy", 0L)
                .bind("ref", "ref-7")
                .bind("label0", "%x%")
                .bind("label1", "%y%")
                .bind("policy", "idle")
                .bind("ended", Long.MAX_VALUE)
                .bind("from", Rows.START.toEpochMilli())
                .bind("to", Rows.START.toEpochMilli() + 100_000)
                .bind("after", SandboxId.generate(2000).toString())
                .bind("limit", 100)
                .bind("name", "n")
                .bind("value", "7")
                .bind("name0", "n")
                .bind("value0", "7")
                .bind("name1", "all")
                .bind("value1", "same");
    }
}

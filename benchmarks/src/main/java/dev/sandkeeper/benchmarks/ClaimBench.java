package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Retention;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import dev.sandkeeper.testsupport.DatabaseServer;
import dev.sandkeeper.testsupport.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PostgreSQL with fsync on: claiming a batch of 100 rows among 10,000 and among 1,000,000; and creating and destroying
 * sandboxes of the in-memory backend from four threads, in commits a second beside {@code pgbench -N -c 4} on the same server.
 */
final class ClaimBench {
    private static final int BATCH = 100;
    private static final int THREADS = 4;
    private static final Pattern TPS = Pattern.compile("tps = ([0-9.]+)");
    private static final Pattern PORT = Pattern.compile("//127\\.0\\.0\\.1:([0-9]+)/");

    private final Options options;
    private final Report report;

    ClaimBench(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        try (DatabaseServer server = DatabaseServer.postgres()) {
            Timings claims = new Timings();
            int large = options.times(1_000_000, 50_000);
            String few = "among 10000 rows";
            String many = "among " + large + " rows";
            // in turn, so that what disturbs one disturbs the other
            try (SandboxStore small = filled(server.newDatabase(), 10_000);
                    SandboxStore big = filled(server.newDatabase(), large)) {
                for (int i = 0; i < options.times(40, 5); i++) {
                    claims.of(few).add(claim(small.rows()));
                    claims.of(many).add(claim(big.rows()));
                }
            }
            report.title("claiming a batch of " + BATCH + ", PostgreSQL");
            report.latency(claims);
            report.atMost(
                    "claim_growth", claims.ratio(many, few), 1.5, "p50 " + many + " / p50 " + few + ", a batch of 100");

            Duration time = Duration.ofSeconds(options.times(20, 3));
            double theirs = pgbench(server.newDatabase(), time);
            double ours = commits(server.newDatabase(), time);
            report.title("commits a second, " + THREADS + " connections, fsync on");
            report.table(
                    List.of("", "commits a second"),
                    List.of(List.of("pgbench -N", theirs), List.of("create and destroy, in memory", ours)));
            report.atLeast(
                    "store_commits", ours / theirs, 0.6, "commits of create and destroy / those of pgbench -N -c 4");
            report.end("claim");
        }
    }

    /** Rows that live for long, and enough that are due. */
    private SandboxStore filled(String url, int rows) throws SQLException {
        SandboxStore store = SandboxStore.at(url, null, null);
        SandboxRow row = store.rows()
                .insert(SandboxRow.create(new SandboxRow.Creation(
                                SandboxId.generate(1),
                                "memory",
                                Retention.DEFAULT,
                                Lifetime.STORE,
                                "owner",
                                null,
                                "{}",
                                Map.of(),
                                "jvm/1/bench",
                                Instant.ofEpochMilli(1)))
                        .state(SandboxState.ACTIVE)
                        .providerRef("ref")
                        .dueAt(Instant.ofEpochMilli(1))
                        .build());
        int due = BATCH * 50;
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet columns = statement.executeQuery("SELECT string_agg(column_name, ',') FROM"
                        + " information_schema.columns WHERE table_schema = current_schema() AND table_name ="
                        + " 'sandkeeper_sandbox' AND column_name NOT IN ('id', 'due_at')")) {
            columns.next();
            String rest = columns.getString(1);
            try (Statement insert = connection.createStatement()) {
                insert.executeUpdate("INSERT INTO sandkeeper_sandbox (id, due_at, " + rest + ") SELECT"
                        + " gen_random_uuid()::text, CASE WHEN n % " + Math.max(1, rows / due)
                        + " = 0 THEN n ELSE 4102444800000 + n END, " + rest
                        + " FROM sandkeeper_sandbox, generate_series(2, " + rows + ") n WHERE id = '" + row.id() + "'");
                insert.execute("VACUUM ANALYZE sandkeeper_sandbox");
            }
        }
        return store;
    }

    /** What an engine does first with what is due, in nanoseconds. */
    private static long claim(SandboxRows rows) {
        Instant until = rows.now().plusSeconds(60);
        long started = System.nanoTime();
        int claimed = 0;
        for (SandboxRow row : rows.due(rows.now(), BATCH)) {
            claimed += rows.compareAndSet(row.change()
                                    .state(SandboxState.CLEANING)
                                    .lease("jvm/1/bench", until)
                                    .fence(row.fence() + 1)
                                    .dueAt(until)
                                    .build())
                            .isPresent()
                    ? 1
                    : 0;
        }
        long took = System.nanoTime() - started;
        if (claimed != BATCH) {
            throw new IllegalStateException("claimed " + claimed + " of " + BATCH);
        }
        return took;
    }

    private static double pgbench(String url, Duration time) throws IOException, InterruptedException {
        run(url, "--initialize", "--quiet", "--scale=10");
        String out = run(
                url, "--skip-some-updates", "--client=" + THREADS, "--jobs=" + THREADS, "--time=" + time.toSeconds());
        Matcher tps = TPS.matcher(out);
        if (!tps.find()) {
            throw new IOException("pgbench said: " + out);
        }
        return Double.parseDouble(tps.group(1));
    }

    private static String run(String url, String... arguments) throws IOException, InterruptedException {
        Matcher port = PORT.matcher(url);
        if (!port.find()) {
            throw new IOException("no port in " + url);
        }
        List<String> command = new ArrayList<>(List.of(
                Programs.get("pgbench"), "--host=127.0.0.1", "--port=" + port.group(1), "--username=sandkeeper"));
        command.addAll(List.of(arguments));
        command.add("postgres");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("pgbench: " + out);
        }
        return out;
    }

    /** What pairs of create and destroy commit in a second. */
    private static double commits(String url, Duration time) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (SandboxManager manager = SandboxManager.builder()
                .backend(InMemoryBackend.builder(InMemoryProvider.create()).build())
                .store(SandboxStore.at(url, null, null))
                .cleanup(CleanupSettings.builder().manual().build())
                .build()) {
            AtomicInteger pairs = new AtomicInteger();
            long started = System.nanoTime();
            long end = started + time.toNanos();
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                all.add(threads.submit(() -> {
                    while (System.nanoTime() - end < 0) {
                        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
                        sandbox.destroy();
                        pairs.incrementAndGet();
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            return pairs.get() * commitsOfAPair(url) / seconds;
        } finally {
            threads.shutdownNow();
        }
    }

    /** As the rows tell: each write but the archive's has raised the version. */
    private static double commitsOfAPair(String url) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet average = statement.executeQuery("SELECT avg(version) + 1 FROM sandkeeper_history")) {
            average.next();
            return average.getDouble(1);
        }
    }
}

package dev.sandkeeper.chaos;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.chaos.Verdict.Finding;
import dev.sandkeeper.store.SandboxStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The start after a kill: an engine over what the killed hosts have left, that runs and sweeps by itself, until nothing is
 * found any more or patience is at its end.
 */
final class Recovery implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Log log;
    private final SandboxManager manager;
    private final Judge judge;
    private final Verdict verdict;

    Recovery(Place place, Path directory, Witness witness, Account account, Verdict verdict) {
        this.verdict = verdict;
        log = new Log(directory.resolve("recovery.log"));
        Observed observed = new Observed(new Marks(directory.resolve("recovery.marks")), log);
        SandboxStore store = observed.store(place.openStore());
        manager = SandboxManager.builder()
                .backend(observed.backend(place.openBackend()))
                .store(store)
                .cleanup(Place.settings())
                .build();
        judge = new Judge(store.rows(), witness, account, this::problem);
    }

    private @Nullable String problem(SandboxId id) {
        try (Sandbox sandbox = manager.connect(id)) {
            String answer = sandbox.exec("echo", "alive").stdout();
            return answer.equals("alive\n") ? null : "it answers \"" + answer + "\"";
        } catch (SandboxException e) {
            return e.toString();
        }
    }

    /** Judges what is left of the hosts that have ended. */
    void settle() throws IOException, InterruptedException {
        long started = System.nanoTime();
        List<Finding> findings = news();
        while (!findings.isEmpty() && System.nanoTime() - started < PATIENCE.toNanos()) {
            TimeUnit.MILLISECONDS.sleep(100);
            findings = news();
        }
        findings.forEach(verdict::add);
        judge.overdue().forEach(verdict::add);
    }

    private List<Finding> news() throws IOException, InterruptedException {
        return judge.examine().stream()
                .filter(finding -> !verdict.contains(finding))
                .toList();
    }

    /** Waits for the commands that may still run, ends everything, and looks at the records. */
    void finish(Account account) throws IOException, InterruptedException {
        while (!account.endless().isEmpty()) {
            judge.overdue().forEach(verdict::add);
            TimeUnit.MILLISECONDS.sleep(200);
        }
        // the sweeps that an orphan takes which nobody has seen before
        TimeUnit.NANOSECONDS.sleep(Place.GRACE.plusMillis(500).toNanos());
        settle();
        for (SandboxInfo info : live()) {
            Account.Known known = account.sandboxes().get(info.id());
            if (known != null) {
                known.ask();
            }
            manager.destroy(info.id());
        }
        settle();
        judge.examineRecord().forEach(verdict::add);
    }

    private List<SandboxInfo> live() {
        return manager.list(SandboxQuery.builder().limit(1000).build()).sandboxes().stream()
                .filter(info -> info.state().isLive())
                .toList();
    }

    @Override
    public void close() {
        manager.close();
        log.close();
    }
}

package dev.sandkeeper.cleanup;

import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cleanup engine of a manager: ends what is due, tries again what failed, and sweeps what nobody knows. It works by
 * itself; the methods here make it work now. Safe from many threads, and from many JVMs of a deployment at the same time:
 * they share the work through claims.
 */
public final class Cleanup {
    private static final Logger LOG = LoggerFactory.getLogger(Cleanup.class);
    private static final Duration WAIT_FOR_OTHER_CLEANER = Duration.ofSeconds(30);
    private static final Duration TRANSITION_RETRY = Duration.ofSeconds(5);

    private final EngineContext context;
    private final SandboxRows rows;
    private final CleanupPolicy policy;
    private final CleanupSettings settings;
    private final Cleaner cleaner;
    private final Sweeper sweeper;
    private final Semaphore permits;
    private final EngineLoop loop;

    /**
     * For {@link dev.sandkeeper.SandboxManager}.
     *
     * @param context what the manager lends
     * @param policy decides what must go
     * @param settings how to work
     */
    public Cleanup(EngineContext context, CleanupPolicy policy, CleanupSettings settings) {
        this.context = context;
        this.rows = context.rows();
        this.policy = policy;
        this.settings = settings;
        this.cleaner = new Cleaner(context, settings);
        this.sweeper = new Sweeper(context, settings, cleaner, row -> decide(row, rows.now()));
        this.permits = new Semaphore(settings.parallelism());
        this.loop = new EngineLoop(this, context);
    }

    /**
     * Looks at everything that is due now and ends what must go. Returns when that is done.
     *
     * @return what was done; a failure of one sandbox is in the report and stops nothing
     * @throws dev.sandkeeper.StoreUnavailableException if the store did not answer
     * @throws SandboxInterruptedException if the calling thread was interrupted; what was claimed is finished all the same
     */
    public CleanupReport run() {
        Instant started = rows.now();
        Tally tally = new Tally();
        Set<SandboxId> seen = new HashSet<>();
        while (true) {
            List<SandboxRow> page = new ArrayList<>(rows.due(rows.now(), settings.batch()));
            int size = page.size();
            page.removeIf(row -> !seen.add(row.id()));
            // Several JVMs read the same page: in different orders they get in each other's way less.
            Collections.shuffle(page);
            lookAtAll(page, tally);
            if (page.isEmpty() || size < settings.batch()) {
                return tally.report(started, rows.now());
            }
        }
    }

    /**
     * Compares what the providers have with the rows, as the engine does by itself: destroys orphans that a sweep has seen
     * {@link CleanupSettings#sweepGrace()} ago already, and ends rows whose resource is gone. Stops short of destroying
     * more than 10 and more than a fifth of what a provider lists.
     *
     * @return what was done
     */
    public SweepReport sweep() {
        return sweeper.sweep(false);
    }

    /**
     * Sweeps without the brake on how much may be destroyed. The grace still holds.
     *
     * @return what was done
     */
    public SweepReport forceSweep() {
        return sweeper.sweep(true);
    }

    /**
     * Ends a sandbox now, whatever its policy says. May be repeated: one that has ended already is a success.
     *
     * @param id the sandbox
     * @param reason why, for the archive
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxException if it could not be established that nothing is left; the engine goes on trying
     */
    public void destroy(SandboxId id, String reason) {
        Decision.Destroy end = new Decision.Destroy("request", reason);
        long deadline = System.nanoTime() + WAIT_FOR_OTHER_CLEANER.toNanos();
        while (true) {
            Optional<SandboxRow> found = rows.find(id);
            if (found.isEmpty()) {
                if (rows.findHistory(id).isPresent()) {
                    return;
                }
                throw new SandboxNotFoundException(Failure.of("sandbox_not_found", "no sandbox has the id " + id)
                        .sandbox(id)
                        .remedy("Check the id, and that this is the deployment it was created in"));
            }
            SandboxRow row = found.get();
            if (!isClaimed(row)) {
                Optional<SandboxRow> claimed = cleaner.claim(row, end);
                if (claimed.isPresent() && cleaner.clean(claimed.get()) != Cleaner.Outcome.LOST) {
                    return;
                }
            } else if (System.nanoTime() - deadline > 0) {
                throw new SandboxConflictException(
                        Failure.of("being_cleaned", "sandbox " + id + " is being destroyed by " + row.leaseOwner())
                                .sandbox(id)
                                .remedy("Nothing is to be done: the engine goes on until it is gone"));
            }
            pause(id);
        }
    }

    /** A little time between two looks at a row that somebody else is changing. */
    private static void pause(SandboxId id) {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(
                    Failure.of("interrupted", "interrupted while destroying sandbox " + id)
                            .sandbox(id)
                            .cause(e)
                            .remedy("The engine goes on destroying it"));
        }
    }

    private boolean isClaimed(SandboxRow row) {
        Instant until = row.leaseUntil();
        return row.state() == SandboxState.CLEANING && until != null && until.isAfter(rows.now());
    }

    /**
     * For {@link dev.sandkeeper.SandboxManager}: ends the row of a sandbox whose resource turned out to be gone.
     *
     * @param row the row as it was seen
     */
    public void vanished(SandboxRow row) {
        sweeper.endGhost(row);
    }

    /** For {@link dev.sandkeeper.SandboxManager}: begins to work by itself, unless the settings say otherwise. */
    public void start() {
        if (settings.automatic()) {
            loop.start();
        }
    }

    /** For {@link dev.sandkeeper.SandboxManager}: something may be due earlier than the engine knows. */
    public void wake() {
        if (settings.automatic()) {
            loop.wake();
        }
    }

    /**
     * For {@link dev.sandkeeper.SandboxManager}: begins nothing more and waits for what is under way.
     *
     * @param time how long to wait at most
     * @return whether nothing is under way any more; what is, goes on until it ends or its lease lapses
     */
    public boolean stop(Duration time) {
        loop.stop();
        try {
            return permits.tryAcquire(settings.parallelism(), time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    CleanupSettings settings() {
        return settings;
    }

    private void lookAtAll(List<SandboxRow> page, Tally tally) {
        CountDownLatch done = new CountDownLatch(page.size());
        try {
            for (SandboxRow row : page) {
                permits.acquire();
                boolean handedOver = false;
                try {
                    context.workers().execute(() -> {
                        try {
                            lookAt(row, tally);
                        } finally {
                            permits.release();
                            done.countDown();
                        }
                    });
                    handedOver = true;
                } finally {
                    if (!handedOver) {
                        permits.release();
                    }
                }
            }
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(Failure.of("interrupted", "interrupted while cleaning")
                    .cause(e)
                    .remedy("What was claimed is finished all the same"));
        } catch (RejectedExecutionException e) {
            LOG.debug("no more cleaning: the manager is closed");
        }
    }

    private void lookAt(SandboxRow row, Tally tally) {
        tally.processed.incrementAndGet();
        try {
            if (look(row)) {
                tally.cleaned.incrementAndGet();
            }
        } catch (RuntimeException e) {
            LOG.debug("sandbox {} could not be looked after", row.id(), e);
            tally.failed(row.id(), Cleaner.describe(e));
        }
    }

    /** Whether nothing of the sandbox is left afterwards. */
    private boolean look(SandboxRow row) {
        return switch (row.state()) {
            case PROVISIONING -> {
                Instant until = row.leaseUntil();
                if (until != null && until.isAfter(rows.now())) {
                    yield false;
                }
                yield end(row, new Decision.Destroy("provisioning", "its creator ended before the provider answered"));
            }
            case ACTIVE, PAUSED -> judge(row);
            case PAUSING, RESUMING -> {
                finishTransition(row);
                yield false;
            }
            case EXPIRED -> end(row, null);
            case CLEANING -> !isClaimed(row) && end(row, null);
            case CLEANED -> false;
        };
    }

    private boolean end(SandboxRow row, Decision.@Nullable Destroy decision) {
        Optional<SandboxRow> claimed = cleaner.claim(row, decision);
        return claimed.isPresent() && cleaner.clean(claimed.get()) == Cleaner.Outcome.CLEANED;
    }

    private boolean judge(SandboxRow row) {
        Instant now = rows.now();
        Decision decision = decide(row, now);
        if (decision instanceof Decision.Destroy destroy) {
            Optional<SandboxRow> expired = rows.compareAndSet(row.change()
                    .state(SandboxState.EXPIRED)
                    .end(destroy.reason(), destroy.policy(), context.jvm())
                    .dueAt(now)
                    .build());
            if (expired.isEmpty()) {
                return false;
            }
            context.events().accept(new SandboxEvent.Expired(Infos.of(expired.get())));
            return end(expired.get(), destroy);
        }
        if (isGone(row)) {
            return sweeper.endGhost(row);
        }
        rows.compareAndSet(row.change().dueAt(dueAt(decision, now)).build());
        return false;
    }

    /** A review asks for the one resource: a list may still have the remains of a sandbox that is dead. */
    private boolean isGone(SandboxRow row) {
        SandboxBackend backend = context.backends().get(row.backend());
        String ref = row.providerRef();
        return backend != null && ref != null && backend.state(ref) == ProviderState.GONE;
    }

    private Decision decide(SandboxRow row, Instant now) {
        try {
            return policy.decide(Infos.of(row), now);
        } catch (RuntimeException e) {
            LOG.error("the cleanup policy failed for sandbox {}; it is kept and asked about again", row.id(), e);
            return new Decision.Keep(now.plus(settings.reviewInterval()), "the policy failed");
        }
    }

    /**
     * For {@link dev.sandkeeper.SandboxManager}: when somebody must look at a row next.
     *
     * @param row as it is about to be written
     * @param now the store's time
     * @return when the policy wants to be asked, and no later than the next review
     */
    public Instant dueAt(SandboxRow row, Instant now) {
        return dueAt(decide(row, now), now);
    }

    private Instant dueAt(Decision decision, Instant now) {
        if (!(decision instanceof Decision.Keep keep)) {
            return now;
        }
        Instant review = now.plus(settings.reviewInterval());
        Instant earliest = now.plusMillis(10);
        Instant until = keep.until();
        return until.isAfter(review) ? review : until.isBefore(earliest) ? earliest : until;
    }

    /** The JVM that paused or resumed it has ended in between: the provider knows what came of it. */
    private void finishTransition(SandboxRow row) {
        SandboxBackend backend = context.backends().get(row.backend());
        String ref = row.providerRef();
        ProviderState state = backend == null || ref == null ? ProviderState.UNKNOWN : backend.state(ref);
        switch (state) {
            case PRESENT -> settleTransition(row, SandboxState.ACTIVE);
            case PAUSED -> settleTransition(row, SandboxState.PAUSED);
            case GONE -> sweeper.endGhost(row);
            case UNKNOWN ->
                rows.compareAndSet(
                        row.change().dueAt(rows.now().plus(TRANSITION_RETRY)).build());
        }
    }

    private void settleTransition(SandboxRow row, SandboxState state) {
        rows.compareAndSet(
                row.change().state(state).lease(null, null).dueAt(rows.now()).build());
    }

    /** Counts what a run does, from many threads. */
    private static final class Tally {
        private final AtomicInteger processed = new AtomicInteger();
        private final AtomicInteger cleaned = new AtomicInteger();
        private final List<CleanupReport.Problem> problems = Collections.synchronizedList(new ArrayList<>());

        void failed(SandboxId id, String error) {
            problems.add(new CleanupReport.Problem(id, error));
        }

        CleanupReport report(Instant started, Instant completed) {
            return new CleanupReport(
                    started, completed, processed.get(), cleaned.get(), problems.size(), List.copyOf(problems));
        }
    }
}

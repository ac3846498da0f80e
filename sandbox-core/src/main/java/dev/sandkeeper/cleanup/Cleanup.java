package dev.sandkeeper.cleanup;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.AuditLog;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
    private final Judge judge;
    private final CleanupSettings settings;
    private final Cleaner cleaner;
    private final Sweeper sweeper;
    private final Pauser pauser;
    private final ProviderEnds providerEnds;
    private final Archive archive;
    private final Reviewer reviewer;
    private final Semaphore permits;
    private final Optional<RateLimiter> rateLimiter;
    private final EngineLoop loop;

    /**
     * For {@link dev.sandkeeper.SandboxManager}.
     *
     * @param context what the manager lends
     * @param policy decides what must go
     * @param settings how to work
     */
    public Cleanup(EngineContext context, CleanupPolicy policy, CleanupSettings settings) {
        BoundedCalls calls = new BoundedCalls(context.workers());
        this.context = context;
        this.rows = context.rows();
        this.judge = new Judge(policy, calls, settings.reviewInterval(), context.backends());
        this.settings = settings;
        this.cleaner = new Cleaner(context, settings, calls);
        this.sweeper = new Sweeper(context, settings, calls, cleaner, row -> judge.decide(row, rows.now()));
        this.providerEnds = new ProviderEnds(context, calls, settings.providerTimeout());
        this.pauser = new Pauser(context, settings, calls, judge);
        this.reviewer = new Reviewer(rows, judge, settings.batch());
        this.archive = new Archive(rows, settings.archiveRetention());
        this.permits = new Semaphore(settings.parallelism());
        this.rateLimiter =
                settings.rateLimit() == 0 ? Optional.empty() : Optional.of(rateLimiter(settings.rateLimit()));
        this.loop = new EngineLoop(this, context);
    }

    private static RateLimiter rateLimiter(int perSecond) {
        return RateLimiter.of(
                "sandkeeper-cleanup",
                RateLimiterConfig.custom()
                        .limitForPeriod(1)
                        .limitRefreshPeriod(Duration.ofSeconds(1).dividedBy(perSecond))
                        .timeoutDuration(Duration.ofHours(1))
                        .build());
    }

    /**
     * Looks at everything that is due now and ends what must go: {@link #run(CleanupRequest)} with
     * {@link CleanupRequest#due()}.
     *
     * @return what was done
     * @throws dev.sandkeeper.StoreUnavailableException if the store did not answer
     * @throws SandboxInterruptedException if the calling thread was interrupted
     */
    public CleanupReport run() {
        return run(CleanupRequest.due());
    }

    /**
     * Looks at what a request asks for and ends what must go. Returns when that is done. May be repeated, by anybody.
     *
     * @param request what to look at, and whether to change anything
     * @return what was done; a failure of one sandbox is in the report and stops nothing
     * @throws dev.sandkeeper.StoreUnavailableException if the store did not answer
     * @throws SandboxInterruptedException if the calling thread was interrupted; what was claimed is finished all the same
     */
    public CleanupReport run(CleanupRequest request) {
        Instant started = rows.now();
        Tally tally = new Tally();
        request.ids().stream()
                .filter(id -> rows.find(id).isEmpty() && rows.findHistory(id).isEmpty())
                .forEach(id -> tally.failed(id, "sandbox_not_found: no sandbox has the id " + id));
        Selection selection = new Selection(rows, request, settings.batch());
        for (List<SandboxRow> page = selection.next(); !page.isEmpty(); page = selection.next()) {
            // Several JVMs read the same page: in different orders they get in each other's way less.
            Collections.shuffle(page);
            lookAtAll(page, request, tally);
        }
        return tally.report(started, rows.now(), request.dryRun());
    }

    /**
     * Finds sandboxes whose time has come: those that the policy wants ended or paused, those that have expired, and those
     * whose cleaning is due. Changes nothing.
     *
     * @param limit the most; more than 0
     * @return the most overdue first
     * @throws dev.sandkeeper.StoreUnavailableException if the store did not answer
     */
    public List<SandboxInfo> findExpired(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be more than 0: " + limit);
        }
        CleanupRequest request = CleanupRequest.builder().dryRun().build();
        Selection selection = new Selection(rows, request, settings.batch());
        List<SandboxRow> expired = new ArrayList<>();
        for (List<SandboxRow> page = selection.next(); !page.isEmpty(); page = selection.next()) {
            Instant now = rows.now();
            page.removeIf(row -> verdict(row, request, now) instanceof Decision.Keep);
            expired.addAll(page);
        }
        expired.sort(Comparator.comparing(SandboxRow::dueAt));
        return expired.stream().limit(limit).map(Infos::of).toList();
    }

    /**
     * Asks the policy about every sandbox now, and not only when it is due, and has the engine look at each as soon as the
     * policy wants. The engine does so by itself when it starts, as its policy may be another one than before; call it when
     * what the policy knows has changed. Reads all live rows, a page at a time, and writes only those that are due earlier.
     *
     * @return how many are due earlier now
     * @throws dev.sandkeeper.StoreUnavailableException if the store did not answer
     */
    public long review() {
        Reviewer.Reviewed page = reviewPage(null);
        long earlier = page.earlier();
        while (page.last().isPresent()) {
            page = reviewPage(page.last().get());
            earlier += page.earlier();
        }
        return earlier;
    }

    Reviewer.Reviewed reviewPage(@Nullable SandboxId after) {
        Reviewer.Reviewed reviewed = reviewer.page(after);
        if (reviewed.earlier() > 0) {
            wake();
        }
        return reviewed;
    }

    /**
     * Marks a sandbox as expired, whatever the policy says: it is cleaned by the next run unless it is renewed before.
     *
     * @param id the sandbox
     * @return whether this call has marked it; false if it was expired, being cleaned, or gone already
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxConflictException if it is being created, paused or resumed
     */
    public boolean markExpired(SandboxId id) {
        while (true) {
            SandboxRow row = rows.find(id).orElse(null);
            if (row == null) {
                refuseUnknown(id);
                return false;
            }
            switch (row.state()) {
                case ACTIVE, PAUSED -> {
                    if (expire(row, new Decision.Destroy("request", "the application marked it as expired"))
                            .isPresent()) {
                        wake();
                        return true;
                    }
                }
                case PROVISIONING, PAUSING, RESUMING ->
                    throw new SandboxConflictException(
                            Failure.of("sandbox_busy", "sandbox " + id + " cannot be marked: it is " + row.state())
                                    .sandbox(id)
                                    .backend(row.backend())
                                    .remedy("Wait, then repeat the call, or destroy it"));
                case EXPIRED, CLEANING, CLEANED -> {
                    return false;
                }
            }
            pause(id);
        }
    }

    /**
     * Destroys what a sandbox has at its provider, and leaves its row for {@link #archive(SandboxId)}. If nobody calls that
     * within the {@link CleanupSettings#lease() lease}, the engine does it.
     *
     * @param id the sandbox
     * @return whether this call has destroyed it; false if it was archived already, or somebody else cleans it now
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxException if it could not be established that nothing is left; the engine goes on trying
     */
    public boolean destroyResources(SandboxId id) {
        SandboxRow row = rows.find(id).orElse(null);
        if (row == null) {
            refuseUnknown(id);
            return false;
        }
        return !isClaimed(row)
                && cleaner.claim(row, new Decision.Destroy("request", "the application destroyed its resources"))
                        .filter(claimed -> cleaner.destroyOnly(claimed).done())
                        .isPresent();
    }

    /**
     * Moves a sandbox of which nothing is left to the archive. Its provider is asked once more.
     *
     * @param id the sandbox
     * @return whether this call has archived it; false if it was archived already, or somebody else cleans it now
     * @throws SandboxNotFoundException if no row and no history has the id
     * @throws SandboxConflictException if its cleaning has not begun: {@link #destroyResources} first
     * @throws SandboxException if it could not be established that nothing is left; the engine goes on trying
     */
    public boolean archive(SandboxId id) {
        SandboxRow row = rows.find(id).orElse(null);
        if (row == null) {
            refuseUnknown(id);
            return false;
        }
        if (row.state() != SandboxState.CLEANING) {
            throw new SandboxConflictException(
                    Failure.of("not_destroyed", "sandbox " + id + " cannot be archived: it is " + row.state())
                            .sandbox(id)
                            .backend(row.backend())
                            .remedy("Call destroyResources(id) first"));
        }
        return !isClaimed(row)
                && cleaner.claim(row, null)
                        .filter(claimed -> cleaner.clean(claimed).done())
                        .isPresent();
    }

    /**
     * Forgets the history of sandboxes that ended longer ago than {@link CleanupSettings#archiveRetention()}. The engine does
     * so by itself, once in every {@link CleanupSettings#interval()}.
     *
     * @return how many were forgotten
     * @throws dev.sandkeeper.StoreUnavailableException if the store did not answer
     */
    public long purgeArchive() {
        return archive.purge();
    }

    /**
     * What is kept of sandboxes that have ended.
     *
     * @return always the same object
     */
    public Archive archive() {
        return archive;
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
        long deadline = System.nanoTime()
                + WAIT_FOR_OTHER_CLEANER.plus(settings.terminationGrace()).toNanos();
        while (true) {
            Optional<SandboxRow> found = rows.find(id);
            if (found.isEmpty()) {
                refuseUnknown(id);
                return;
            }
            SandboxRow row = found.get();
            if (!isClaimed(row)) {
                Optional<SandboxRow> claimed = cleaner.claim(row, end);
                if (claimed.isPresent() && cleaner.clean(claimed.get()).outcome() != Cleaner.Outcome.LOST) {
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

    /** One that has ended is known. */
    private void refuseUnknown(SandboxId id) {
        if (rows.findHistory(id).isEmpty()) {
            throw new SandboxNotFoundException(Failure.of("sandbox_not_found", "no sandbox has the id " + id)
                    .sandbox(id)
                    .remedy("Check the id, and that this is the deployment it was created in"));
        }
    }

    /** A little time between two looks at a row that somebody else is changing. */
    private static void pause(SandboxId id) {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(
                    Failure.of("interrupted", "interrupted while waiting for sandbox " + id)
                            .sandbox(id)
                            .cause(e)
                            .remedy("The engine goes on by itself"));
        }
    }

    private boolean isClaimed(SandboxRow row) {
        return row.state() == SandboxState.CLEANING && isClaimed(row, rows.now());
    }

    private static boolean isClaimed(SandboxRow row, Instant now) {
        Instant until = row.leaseUntil();
        return row.state() == SandboxState.CLEANING && until != null && until.isAfter(now);
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

    private void lookAtAll(List<SandboxRow> page, CleanupRequest request, Tally tally) {
        CountDownLatch done = new CountDownLatch(page.size());
        try {
            for (SandboxRow row : page) {
                permits.acquire();
                boolean handedOver = false;
                try {
                    context.workers().execute(() -> {
                        try {
                            lookAt(row, request, tally);
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

    private void lookAt(SandboxRow row, CleanupRequest request, Tally tally) {
        tally.processed();
        try {
            Instant now = rows.now();
            Decision verdict = verdict(row, request, now);
            if (request.dryRun()) {
                tally.planned(row.id(), verdict);
            } else {
                act(row, verdict, now, tally);
            }
        } catch (RuntimeException e) {
            LOG.debug("sandbox {} could not be looked after", row.id(), e);
            tally.failed(row.id(), Cleaner.describe(e));
        }
    }

    /** What is to be done with a row, whether the policy says so or what has been begun already. */
    private Decision verdict(SandboxRow row, CleanupRequest request, Instant now) {
        Decision.Destroy begun = new Decision.Destroy(
                row.endPolicy() == null ? "request" : row.endPolicy(), row.endReason() == null ? "" : row.endReason());
        if (row.state() == SandboxState.CLEANING) {
            return isClaimed(row, now) ? new Decision.Keep(row.dueAt(), "somebody cleans it") : begun;
        }
        if (request.force()) {
            return new Decision.Destroy("request", request.reason());
        }
        return switch (row.state()) {
            case PROVISIONING -> {
                Instant until = row.leaseUntil();
                yield until != null && until.isAfter(now)
                        ? new Decision.Keep(until, "it is being created")
                        : new Decision.Destroy("provisioning", "its creator ended before the provider answered");
            }
            case PAUSING, RESUMING -> new Decision.Keep(row.dueAt(), "it is being paused or resumed");
            case EXPIRED -> begun;
            case ACTIVE, PAUSED -> judge.decide(row, now);
            case CLEANING, CLEANED -> new Decision.Keep(row.dueAt(), "it is being cleaned");
        };
    }

    private void act(SandboxRow row, Decision verdict, Instant now, Tally tally) {
        if (verdict instanceof Decision.Destroy destroy) {
            // an expired one may be renewed until it is claimed
            boolean expires = row.state() == SandboxState.ACTIVE || row.state() == SandboxState.PAUSED;
            Optional<SandboxRow> ending = expires ? expire(row, destroy) : Optional.of(row);
            ending.ifPresent(expired -> tally.cleaned(end(expired, destroy)));
        } else if (verdict instanceof Decision.Pause pause) {
            Optional<Decision.Destroy> instead = pauser.refusal(row, pause);
            if (instead.isPresent()) {
                act(row, instead.get(), now, tally);
            } else if (pauser.pause(row, pause)) {
                tally.paused();
            }
        } else if (row.state() == SandboxState.PAUSING || row.state() == SandboxState.RESUMING) {
            finishTransition(row);
        } else if (row.state() == SandboxState.ACTIVE || row.state() == SandboxState.PAUSED) {
            if (isGone(row)) {
                tally.cleaned(sweeper.endGhost(row));
            } else {
                keep(row, verdict, now);
            }
        }
    }

    private void keep(SandboxRow row, Decision verdict, Instant now) {
        Instant due = judge.dueAt(row, verdict, now);
        Instant roll = row.state() == SandboxState.ACTIVE ? providerEnds.roll(row, now) : Instant.MAX;
        rows.compareAndSet(row.change().dueAt(roll.isBefore(due) ? roll : due).build());
    }

    private Optional<SandboxRow> expire(SandboxRow row, Decision.Destroy end) {
        Instant now = rows.now();
        Optional<SandboxRow> expired = rows.compareAndSet(row.change()
                .state(SandboxState.EXPIRED)
                .end(end.reason(), end.policy(), context.jvm())
                .dueAt(now)
                .step(new AuditEntry(now, "expired", "policy " + end.policy() + ": " + end.reason()))
                .build());
        expired.ifPresent(marked -> {
            AuditLog.last(marked);
            context.events().accept(new SandboxEvent.Expired(Infos.of(marked)));
        });
        return expired;
    }

    private Cleaner.Cleaned end(SandboxRow row, Decision.Destroy decision) {
        rateLimiter.ifPresent(RateLimiter::waitForPermission);
        return cleaner.claim(row, decision).map(cleaner::clean).orElse(Cleaner.Cleaned.LOST);
    }

    /** A review asks for the one resource: a list may still have the remains of a sandbox that is dead. */
    private boolean isGone(SandboxRow row) {
        SandboxBackend backend = context.backends().get(row.backend());
        String ref = row.providerRef();
        return backend != null && ref != null && pauser.state(backend, ref) == ProviderState.GONE;
    }

    /**
     * For {@link dev.sandkeeper.SandboxManager}: when somebody must look at a row next.
     *
     * @param row as it is about to be written
     * @param now the store's time
     * @return when the policy wants to be asked, and no later than the next review
     */
    public Instant dueAt(SandboxRow row, Instant now) {
        return judge.dueAt(row, now);
    }

    /** The JVM that paused or resumed it has ended in between: the provider knows what came of it. */
    private void finishTransition(SandboxRow row) {
        SandboxBackend backend = context.backends().get(row.backend());
        String ref = row.providerRef();
        ProviderState state = backend == null || ref == null ? ProviderState.UNKNOWN : pauser.state(backend, ref);
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

    /** Tells listeners how many sandboxes there are. */
    void tellCounts() {
        SandboxRows.RowCounts counts = rows.count(settings.stuckAfter());
        context.events().accept(new SandboxEvent.Counted(counts.byState(), counts.stuck()));
    }
}

package dev.sandkeeper.cleanup;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what the providers have with what the rows say. The provider is listed first and each candidate's row is looked
 * up just before anything is done to it, because a row always comes before its resource. One sweep at a time.
 */
final class Sweeper {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
    private static final int PAGE = 500;

    private final EngineContext context;
    private final SandboxRows rows;
    private final CleanupSettings settings;
    private final BoundedCalls calls;
    private final Cleaner cleaner;
    private final Function<SandboxRow, Decision> policy;
    /** When each orphan was first seen, in monotonic nanoseconds, by backend. */
    private final Map<String, Map<OwnedResource, Long>> firstSeen = new HashMap<>();

    Sweeper(
            EngineContext context,
            CleanupSettings settings,
            BoundedCalls calls,
            Cleaner cleaner,
            Function<SandboxRow, Decision> policy) {
        this.context = context;
        this.rows = context.rows();
        this.settings = settings;
        this.calls = calls;
        this.cleaner = cleaner;
        this.policy = policy;
    }

    synchronized SweepReport sweep(boolean force) {
        SweepReport report = SweepReport.NOTHING;
        boolean unconfirmed = rows.unconfirmed();
        boolean nothingUnknown = true;
        for (SandboxBackend backend : context.backends().values()) {
            try {
                OwnedListing listing = calls.call(
                        "list what backend " + backend.name() + " has",
                        settings.providerTimeout(),
                        () -> backend.listOwned(rows.deployment()));
                List<OwnedResource> orphans =
                        listing.resources().stream().filter(this::isOrphan).toList();
                nothingUnknown &= listing.complete() && orphans.isEmpty();
                report = report.plus(
                        unconfirmed ? leaveAlone(backend, listing, orphans) : settle(backend, listing, orphans, force));
                if (listing.complete()) {
                    report = report.plus(new SweepReport(0, 0, 0, endGhosts(backend, listing), 0, 0));
                }
            } catch (RuntimeException e) {
                LOG.warn("could not sweep backend {}: {}", backend.name(), Cleaner.describe(e));
                report = report.plus(new SweepReport(0, 0, 0, 0, 0, 1));
                nothingUnknown = false;
            }
        }
        if (unconfirmed && nothingUnknown) {
            rows.confirm();
        }
        return report;
    }

    /** This may be an emptied store, or another one, under the id of a deployment that is alive. */
    private SweepReport leaveAlone(SandboxBackend backend, OwnedListing listing, List<OwnedResource> orphans) {
        int listed = listing.resources().size();
        if (orphans.isEmpty()) {
            return new SweepReport(listed, 0, 0, 0, 0, 0);
        }
        stop(
                backend,
                orphans.size(),
                listed,
                "the store is new and does not know them, so it may be another database under the deployment id \""
                        + rows.deployment()
                        + "\". Open the right store, choose another deployment id, or confirm this one");
        return new SweepReport(listed, orphans.size(), 0, 0, 1, 0);
    }

    private SweepReport settle(
            SandboxBackend backend, OwnedListing listing, List<OwnedResource> orphans, boolean force) {
        int listed = listing.resources().size();
        SweepReport report = new SweepReport(listed, orphans.size(), 0, 0, 0, 0);
        List<OwnedResource> due = dueOrphans(backend, orphans);
        if (!force && due.size() > Math.max(10, listed / 5)) {
            stop(
                    backend,
                    due.size(),
                    listed,
                    "it would have destroyed more than a fifth of what the provider listed."
                            + " Look at the resources, then force a sweep");
            return report.plus(new SweepReport(0, 0, 0, 0, 1, 0));
        }
        int destroyed = 0;
        for (OwnedResource resource : due) {
            destroyed += destroy(backend, resource) ? 1 : 0;
        }
        return report.plus(new SweepReport(0, 0, destroyed, 0, 0, 0));
    }

    /** A resource is an orphan if no live row has its id, or that row knows its resource by another name. */
    private boolean isOrphan(OwnedResource resource) {
        Optional<SandboxRow> row = rows.find(resource.sandboxId());
        if (row.isEmpty()) {
            return true;
        }
        String ref = row.get().providerRef();
        return ref != null && !ref.equals(resource.providerRef());
    }

    /** Those that a sweep at least a grace ago has seen already. */
    private List<OwnedResource> dueOrphans(SandboxBackend backend, List<OwnedResource> orphans) {
        long now = System.nanoTime();
        Map<OwnedResource, Long> seen = firstSeen.computeIfAbsent(backend.name(), name -> new HashMap<>());
        seen.keySet().retainAll(new HashSet<>(orphans));
        List<OwnedResource> due = new ArrayList<>();
        for (OwnedResource orphan : orphans) {
            Long first = seen.putIfAbsent(orphan, now);
            if (first == null) {
                LOG.info(
                        "backend {} has {} of sandbox {}, which has no live row; it is destroyed if that stays so",
                        backend.name(),
                        orphan.providerRef(),
                        orphan.sandboxId());
                context.events()
                        .accept(new SandboxEvent.Orphan(
                                backend.name(), orphan.providerRef(), orphan.sandboxId(), false, null));
            } else if (now - first >= settings.sweepGrace().toNanos()) {
                due.add(orphan);
            }
        }
        return due;
    }

    private boolean destroy(SandboxBackend backend, OwnedResource orphan) {
        if (!isOrphan(orphan)) {
            return false;
        }
        SandboxException error = null;
        try {
            calls.run(
                    "destroy " + orphan.providerRef(),
                    settings.providerTimeout(),
                    () -> backend.destroy(orphan.providerRef()));
            LOG.warn(
                    "destroyed {} at backend {}: an orphan of sandbox {}",
                    orphan.providerRef(),
                    backend.name(),
                    orphan.sandboxId());
        } catch (SandboxException e) {
            error = e;
            LOG.warn("could not destroy orphan {} at backend {}", orphan.providerRef(), backend.name(), e);
        }
        context.events()
                .accept(new SandboxEvent.Orphan(
                        backend.name(), orphan.providerRef(), orphan.sandboxId(), error == null, error));
        return error == null;
    }

    private int endGhosts(SandboxBackend backend, OwnedListing listing) {
        Set<SandboxId> present = new HashSet<>();
        listing.resources().forEach(resource -> present.add(resource.sandboxId()));
        SandboxRows.RowFilter filter = new SandboxRows.RowFilter(
                backend.name(), null, Set.of(SandboxState.ACTIVE, SandboxState.PAUSED), Map.of(), null);
        int ghosts = 0;
        SandboxId after = null;
        while (true) {
            List<SandboxRow> page = rows.list(filter, after, PAGE);
            if (page.isEmpty()) {
                return ghosts;
            }
            for (SandboxRow row : page) {
                String ref = row.providerRef();
                if (ref != null && mayBeGone(row, present) && state(backend, ref) == ProviderState.GONE) {
                    ghosts += endGhost(row).outcome() == Cleaner.Outcome.LOST ? 0 : 1;
                }
            }
            after = page.get(page.size() - 1).id();
        }
    }

    private ProviderState state(SandboxBackend backend, String ref) {
        return calls.call("look at " + ref, settings.providerTimeout(), () -> backend.state(ref));
    }

    /** What is listed may be the remains of a sandbox that has ended with its JVM. */
    private boolean mayBeGone(SandboxRow row, Set<SandboxId> present) {
        return !present.contains(row.id())
                || (row.lifetime() == Lifetime.PROCESS && !row.creator().equals(context.jvm()));
    }

    /** Ends the row of a sandbox whose resource is gone; "not found" is cleaned, and what is left of it goes too. */
    Cleaner.Cleaned endGhost(SandboxRow row) {
        // A provider that keeps an end itself may have been the first to end what had outlived its time.
        Decision.Destroy end = policy.apply(row) instanceof Decision.Destroy due
                ? due
                : new Decision.Destroy("vanished", "the provider has it no more");
        Optional<SandboxRow> claimed = cleaner.claim(row, end);
        if (claimed.isEmpty()) {
            return Cleaner.Cleaned.LOST;
        }
        LOG.warn("sandbox {} has vanished from backend {}", row.id(), row.backend());
        context.events().accept(new SandboxEvent.Ghost(Infos.of(claimed.get())));
        return cleaner.clean(claimed.get());
    }

    private void stop(SandboxBackend backend, int orphans, int listed, String reason) {
        LOG.error("stopped the sweep of backend {} with {} orphans of {}: {}", backend.name(), orphans, listed, reason);
        context.events().accept(new SandboxEvent.SweepStopped(backend.name(), orphans, listed, reason));
    }
}

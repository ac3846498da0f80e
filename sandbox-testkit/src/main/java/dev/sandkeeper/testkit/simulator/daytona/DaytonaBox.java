package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.daytona.DaytonaState.Desired;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One sandbox as the control plane knows it. Whoever looks at it or changes it holds the fleet's lock. */
final class DaytonaBox {
    private static final int MOST_PAST = 100;

    final String id;
    final String organization;
    final DaytonaOrder order;
    final Instant createdAt;
    String name;
    DaytonaState state = DaytonaState.UNKNOWN;
    Desired desired = Desired.STARTED;

    @Nullable
    String errorReason;

    boolean recoverable;
    Map<String, String> labels;
    boolean open;
    boolean networkBlocked;

    @Nullable
    String networkAllowList;

    @Nullable
    String domainAllowList;

    long cpu;
    long memory;
    long disk;
    long autoStop;
    long autoArchive;
    long autoDelete;

    @Nullable
    Instant autoDestroyAt;

    String backupState = "None";

    @Nullable
    Instant backupCreatedAt;

    Instant updatedAt;
    Instant lastActivityAt;
    String previewToken = DaytonaTokens.preview();
    String signingKey = DaytonaTokens.signingKey();
    /** What runs behind it; null before and after. */
    @Nullable
    DaytonaGuest guest;
    /** Requests to its toolbox that are being answered. */
    int openRequests;

    private final List<Seen> past = new ArrayList<>();

    private record Seen(Instant at, DaytonaState state) {}

    DaytonaBox(String id, String organization, DaytonaOrder order, Instant now) {
        this.id = id;
        this.organization = organization;
        this.order = order;
        this.createdAt = now;
        this.updatedAt = now;
        this.lastActivityAt = now;
        this.name = order.name() == null ? id : order.name();
        this.labels = new TreeMap<>(order.labels());
        this.open = order.open();
        this.networkBlocked = order.networkBlocked();
        this.networkAllowList = order.networkAllowList();
        this.domainAllowList = order.domainAllowList();
        this.cpu = order.cpu();
        this.memory = order.memory();
        this.disk = order.disk();
        this.autoStop = order.autoStop();
        this.autoArchive = order.autoArchive();
        this.autoDelete = order.autoDelete();
        livesFor(order.ttlMinutes(), now);
        remember(now);
    }

    /** Counts from its creation, so that one which is older than that ends at once. */
    void livesFor(long minutes, Instant now) {
        autoDestroyAt = minutes == 0 ? null : createdAt.plus(Duration.ofMinutes(minutes));
        updatedAt = now;
    }

    void becomes(DaytonaState next, Instant now) {
        state = next;
        changed(now);
    }

    void wants(Desired next, Instant now) {
        desired = next;
        changed(now);
    }

    private void changed(Instant now) {
        updatedAt = now;
        lastActivityAt = now;
        remember(now);
    }

    private void remember(Instant now) {
        boolean listed = state != DaytonaState.DESTROYED && !gone();
        past.add(new Seen(now, listed ? state.reported(desired, true) : DaytonaState.DESTROYED));
        if (past.size() > MOST_PAST) {
            past.remove(0);
        }
    }

    /** What a list tells of it that is as old as that; {@link DaytonaState#DESTROYED} for nothing. */
    DaytonaState listedAt(Instant moment) {
        DaytonaState seen = DaytonaState.DESTROYED;
        for (Seen each : past) {
            if (!each.at().isAfter(moment)) {
                seen = each.state();
            }
        }
        return seen;
    }

    void fails(String reason, Instant now) {
        errorReason = reason;
        becomes(DaytonaState.ERROR, now);
    }

    boolean pending() {
        return state.pending(desired);
    }

    DaytonaState reported() {
        return state.reported(desired, false);
    }

    boolean ephemeral() {
        return autoDelete == 0;
    }

    /** Whether looking for it by its id finds nothing. */
    boolean gone() {
        return state == DaytonaState.DESTROYED || (state.failed() && desired == Desired.DESTROYED);
    }
}

package dev.sandkeeper.internal;

import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The end that a provider keeps itself, as the last line against leaks: a little later than the row's, so that a cleaner comes
 * first, and never further ahead than {@link SandboxBackend#expiryHorizon()}, so that little is left of a deployment of which
 * no JVM lives.
 */
public final class ProviderEnd {
    /** What a cleaner has for exports, last usage and a grace of its own, and an application to renew what has expired. */
    private static final Duration LATER_THAN_THE_ROW = Duration.ofMinutes(5);

    private ProviderEnd() {}

    /**
     * Whether a provider keeps one.
     *
     * @param backend the backend
     * @return whether it has the capability
     */
    public static boolean isKeptBy(SandboxBackend backend) {
        return backend.capabilities().contains(Capability.PROVIDER_EXPIRY);
    }

    /**
     * The end to ask a provider for.
     *
     * @param backend one whose provider keeps an end
     * @param expiresAt when the row's time to live is over; null if it does not end by time
     * @param now the store's time
     * @return no further ahead than the backend's horizon
     */
    public static Instant wanted(SandboxBackend backend, @Nullable Instant expiresAt, Instant now) {
        Instant furthest = now.plus(backend.expiryHorizon());
        // the row's end may be as far away as an Instant can tell
        return expiresAt == null || expiresAt.isAfter(furthest.minus(LATER_THAN_THE_ROW))
                ? furthest
                : expiresAt.plus(LATER_THAN_THE_ROW);
    }

    /**
     * Whether a provider refused to keep a sandbox as long as it was asked to. Providers count whole seconds, or minutes, from
     * when they hear of it and by a clock of their own, so that the end they name is seldom the one that was wanted. Nothing is
     * lost by that for as long as it is within what was added to the row's end: the row still ends first, or the end is moved
     * again long before it comes.
     *
     * @param wanted what {@link #wanted} said
     * @param granted what the backend answered
     * @return whether the sandbox may end sooner than its row says
     */
    public static boolean isRefused(Instant wanted, Instant granted) {
        return granted.isBefore(wanted.minus(LATER_THAN_THE_ROW));
    }

    /**
     * Moves the end at the provider for a renewal.
     *
     * @param backend one whose provider keeps an end
     * @param providerRef the sandbox's name there
     * @param end the row's end that is wanted
     * @param now the store's time
     * @return the row's end that can be kept: the same, or sooner
     */
    public static Instant renew(SandboxBackend backend, String providerRef, Instant end, Instant now) {
        Instant wanted = wanted(backend, end, now);
        Instant granted = backend.extend(providerRef, wanted);
        if (isRefused(wanted, granted)) {
            return granted;
        }
        // what lies beyond the horizon has not been asked for yet
        return end.isAfter(wanted)
                ? backend.latestEnd(providerRef).filter(end::isAfter).orElse(end)
                : end;
    }

    /**
     * How long after it was moved it is to be moved again: half the way, so that the other half is there for a provider that
     * does not answer, and for the next start of a deployment that has stopped.
     *
     * @param backend one whose provider keeps an end
     * @return more than 0
     */
    public static Duration interval(SandboxBackend backend) {
        return backend.expiryHorizon().dividedBy(2);
    }
}

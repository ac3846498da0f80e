package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.ProviderEnd;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves the ends that providers keep ahead of living sandboxes, whenever one is looked at. */
final class ProviderEnds {
    private static final Logger LOG = LoggerFactory.getLogger(ProviderEnds.class);
    /** Of the horizon, after which a provider that failed is asked again. */
    private static final int RETRIES_IN_A_HORIZON = 20;

    private final EngineContext context;
    private final BoundedCalls calls;
    private final Duration timeout;

    ProviderEnds(EngineContext context, BoundedCalls calls, Duration timeout) {
        this.context = context;
        this.calls = calls;
        this.timeout = timeout;
    }

    /**
     * Moves one.
     *
     * @param row an active sandbox
     * @return when it must be looked at again for this alone; {@link Instant#MAX} if its provider keeps no end
     */
    Instant roll(SandboxRow row, Instant now) {
        SandboxBackend backend = context.backends().get(row.backend());
        String ref = row.providerRef();
        if (backend == null || ref == null || !ProviderEnd.isKeptBy(backend)) {
            return Instant.MAX;
        }
        Instant wanted = ProviderEnd.wanted(backend, row.expiresAt(), now);
        try {
            Instant granted = calls.call("move the end of " + ref, timeout, () -> backend.extend(ref, wanted));
            if (ProviderEnd.isRefused(wanted, granted)) {
                LOG.warn(
                        "sandbox {}: {} grants it no longer than {}; it was to stay until {}",
                        row.id(),
                        backend.name(),
                        granted,
                        row.expiresAt() == null ? "its policy ends it" : row.expiresAt());
            }
            return now.plus(ProviderEnd.interval(backend));
        } catch (SandboxException e) {
            LOG.warn("sandbox {}: its provider ends it unless this succeeds soon: {}", row.id(), e.getMessage());
            return now.plus(backend.expiryHorizon().dividedBy(RETRIES_IN_A_HORIZON));
        }
    }
}

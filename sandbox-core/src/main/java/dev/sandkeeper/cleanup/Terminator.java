package dev.sandkeeper.cleanup;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets what runs in a sandbox end by itself before it is destroyed, if the host wants that. That it cannot stops nothing. */
final class Terminator {
    private static final Logger LOG = LoggerFactory.getLogger(Terminator.class);
    private static final String DONE = "terminated";

    private final EngineContext context;
    private final BoundedCalls calls;
    private final Duration grace;
    private final Duration patience;

    Terminator(EngineContext context, BoundedCalls calls, CleanupSettings settings) {
        this.context = context;
        this.calls = calls;
        this.grace = settings.terminationGrace();
        this.patience = grace.plus(settings.providerTimeout());
    }

    /** Asks and waits, unless an earlier attempt has. */
    void terminate(LeaseKeeper lease, SandboxBackend backend, SandboxRow row, String ref) {
        if (grace.isZero()
                || row.audit().stream().anyMatch(entry -> entry.event().equals(DONE))) {
            return;
        }
        boolean ended;
        try {
            ended = calls.call("end what runs in " + ref, patience, () -> backend.terminate(ref, grace));
        } catch (RuntimeException e) {
            LOG.warn(
                    "sandbox {} is destroyed although its processes could not be asked to end: {}",
                    row.id(),
                    e.getMessage());
            return;
        }
        String detail = ended ? "nothing runs any more" : "not everything has ended within " + grace;
        lease.change(next -> next.step(new AuditEntry(context.rows().now(), DONE, detail)));
    }
}

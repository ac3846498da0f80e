package dev.sandkeeper.cleanup;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.Transition;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pauses sandboxes that a policy wants paused. */
final class Pauser {
    private static final Logger LOG = LoggerFactory.getLogger(Pauser.class);

    private final EngineContext context;
    private final CleanupSettings settings;
    private final BoundedCalls calls;
    private final Transition transition;

    Pauser(EngineContext context, CleanupSettings settings, BoundedCalls calls, Judge judge) {
        this.context = context;
        this.settings = settings;
        this.calls = calls;
        this.transition = new Transition(context.rows(), judge::dueAt);
    }

    /** What is done instead with a sandbox that cannot be paused; nothing if it can be. */
    Optional<Decision.Destroy> refusal(SandboxRow row, Decision.Pause pause) {
        SandboxBackend backend = context.backends().get(row.backend());
        boolean can = row.lifetime() != Lifetime.PROCESS
                && (backend == null || backend.capabilities().contains(Capability.PAUSE));
        return can
                ? Optional.empty()
                : Optional.of(new Decision.Destroy(pause.policy(), pause.reason() + "; it cannot be paused"));
    }

    /** Whether the sandbox is paused now, by this call. */
    boolean pause(SandboxRow row, Decision.Pause pause) {
        SandboxBackend backend = context.backends().get(row.backend());
        String ref = row.providerRef();
        if (backend == null || ref == null || row.state() != SandboxState.ACTIVE) {
            LOG.debug("sandbox {} is left alone: {}", row.id(), row.state());
            context.rows()
                    .compareAndSet(row.change()
                            .dueAt(context.rows().now().plus(settings.reviewInterval()))
                            .build());
            return false;
        }
        return transition
                .take(
                        row,
                        SandboxState.PAUSING,
                        "policy " + pause.policy() + ": " + pause.reason(),
                        () -> calls.run("pause " + ref, settings.providerTimeout(), () -> backend.pause(ref)),
                        () -> state(backend, ref))
                .filter(paused -> paused.state() == SandboxState.PAUSED)
                .isPresent();
    }

    /** What the provider has; unknown if it does not say. */
    ProviderState state(SandboxBackend backend, String ref) {
        try {
            return calls.call("look at " + ref, settings.providerTimeout(), () -> backend.state(ref));
        } catch (SandboxException e) {
            LOG.debug("the state of {} is not known", ref, e);
            return ProviderState.UNKNOWN;
        }
    }
}

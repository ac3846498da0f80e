package dev.sandkeeper;

import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells all listeners; what one of them throws is logged and stops nothing. */
final class Listeners implements Consumer<SandboxEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final List<SandboxListener> listeners;

    Listeners(List<SandboxListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    /** Whether nobody listens. */
    boolean isEmpty() {
        return listeners.isEmpty();
    }

    @Override
    public void accept(SandboxEvent event) {
        for (SandboxListener listener : listeners) {
            try {
                listener.onEvent(event);
            } catch (RuntimeException e) {
                LOG.warn("a listener failed at {}", event.getClass().getSimpleName(), e);
            }
        }
    }
}

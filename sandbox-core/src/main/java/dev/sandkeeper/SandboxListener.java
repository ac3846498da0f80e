package dev.sandkeeper;

/**
 * Is told what happens to sandboxes, after it has happened, on the thread on which it happens: it should return soon. What
 * it throws is logged and stops nothing.
 */
@FunctionalInterface
public interface SandboxListener {
    /**
     * Takes an event.
     *
     * @param event what happened
     */
    void onEvent(SandboxEvent event);
}

package dev.sandkeeper;

import dev.sandkeeper.spi.BackendHealth;
import java.util.Map;

/**
 * Whether a manager can do its work now.
 *
 * @param storeUsable whether the store answers
 * @param storeDetail the deployment's id, or what is wrong with the store
 * @param backends by name
 */
public record ManagerHealth(boolean storeUsable, String storeDetail, Map<String, BackendHealth> backends) {
    /** Copies the map. */
    public ManagerHealth {
        backends = Map.copyOf(backends);
    }

    /** {@return whether the store and all backends can be used} */
    public boolean usable() {
        return storeUsable && backends.values().stream().allMatch(BackendHealth::usable);
    }
}

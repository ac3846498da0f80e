package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who may do what. Safe from many threads. */
final class DaytonaKeys {
    private static final String BEARER = "Bearer ";

    private final Map<String, Key> keys = new ConcurrentHashMap<>();
    private final Set<String> suspended = ConcurrentHashMap.newKeySet();

    /**
     * What a secret opens.
     *
     * @param organizations a key's only one; those of a person
     * @param permissions null for all
     * @param person whether it is the token of a person, who says with each request which organization is meant
     */
    record Key(Set<String> organizations, @Nullable Set<String> permissions, boolean person) {
        Key {
            organizations = Set.copyOf(organizations);
            permissions = permissions == null ? null : Set.copyOf(permissions);
        }
    }

    void add(String secret, Key key) {
        keys.put(secret, key);
    }

    void suspend(String organization) {
        suspended.add(organization);
    }

    static Optional<String> bearer(Exchange exchange) {
        return exchange.header("Authorization")
                .filter(value -> value.startsWith(BEARER))
                .map(value -> value.substring(BEARER.length()));
    }

    /** The organization that a request to the control plane is for. */
    String organization(Exchange exchange, @Nullable String permission) {
        Key key = bearer(exchange).map(keys::get).orElseThrow(() -> DaytonaRefusal.of(401, "Invalid credentials"));
        String organization = organizationOf(key, exchange);
        if (suspended.contains(organization)) {
            throw DaytonaRefusal.of(403, "Organization is suspended");
        }
        if (permission != null
                && key.permissions() != null
                && !key.permissions().contains(permission)) {
            throw DaytonaRefusal.of(403, "Access denied");
        }
        return organization;
    }

    private static String organizationOf(Key key, Exchange exchange) {
        if (!key.person()) {
            return key.organizations().iterator().next();
        }
        return exchange.header("X-Daytona-Organization-ID")
                .filter(key.organizations()::contains)
                .orElseThrow(() -> DaytonaRefusal.of(403, "Invalid authentication context"));
    }

    /** Whether a secret opens what belongs to an organization, as the proxy in front of a sandbox asks. */
    boolean opens(String secret, String organization) {
        Key key = keys.get(secret);
        return key != null && key.organizations().contains(organization);
    }
}

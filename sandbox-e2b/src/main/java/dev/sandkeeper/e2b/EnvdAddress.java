package dev.sandkeeper.e2b;

import java.util.Set;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * Where the daemons in sandboxes are reached.
 *
 * @param domain the service's
 * @param all one address for all of them, which routes by headers; null for the service's own
 */
record EnvdAddress(String domain, @Nullable HttpUrl all) {
    static final int PORT = 49983;

    /** Those that have a host for all sandboxes, as E2B's own SDK knows them. */
    private static final Set<String> WITH_SHARED_HOST = Set.of("e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev");

    /** Of one sandbox; {@code ofSandbox} is the domain that the control plane names for it, if any. */
    HttpUrl of(String ref, @Nullable String ofSandbox) {
        if (all != null) {
            return all;
        }
        String there = domain(ofSandbox);
        return WITH_SHARED_HOST.contains(there) ? HttpUrl.get("https://sandbox." + there) : withoutHeaders(ref, there);
    }

    /** Of one sandbox, for whoever sends no headers that say which: not the host for all of them. */
    HttpUrl withoutHeaders(String ref, @Nullable String ofSandbox) {
        return all != null ? all : HttpUrl.get("https://" + host(ref, ofSandbox, PORT));
    }

    /** Where a port of a sandbox is reached by anybody. */
    String host(String ref, @Nullable String ofSandbox, int port) {
        return port + "-" + ref + "." + domain(ofSandbox);
    }

    private String domain(@Nullable String ofSandbox) {
        return ofSandbox == null || ofSandbox.isEmpty() ? domain : ofSandbox;
    }
}

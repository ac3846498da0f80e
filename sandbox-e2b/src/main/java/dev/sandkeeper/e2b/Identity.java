package dev.sandkeeper.e2b;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProvisionRequest;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a sandbox's metadata says: whose it is, and what another JVM must know of it. Keys and values need no escape. */
final class Identity {
    static final String DEPLOYMENT = "sandkeeper-deployment";
    static final String SANDBOX = "sandkeeper-sandbox";
    private static final String CREATED = "sandkeeper-created";
    private static final String NETWORK = "sandkeeper-network";
    private static final String PORTS = "sandkeeper-ports";

    private Identity() {}

    static Map<String, String> metadata(ProvisionRequest request) {
        SandboxSpec spec = request.spec();
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(DEPLOYMENT, request.deployment());
        metadata.put(SANDBOX, request.sandboxId().toString());
        metadata.put(CREATED, Long.toString(request.createdAt().toEpochMilli()));
        metadata.put(NETWORK, spec.network() instanceof Network.None ? "none" : "full");
        metadata.put(
                PORTS, new TreeSet<>(spec.ports()).stream().map(String::valueOf).collect(Collectors.joining("_")));
        return metadata;
    }

    /** Nothing if it is not of this deployment. */
    static Optional<OwnedResource> of(String deployment, Wire.Sandbox sandbox) {
        Map<String, String> metadata = sandbox.labels();
        String id = metadata.get(SANDBOX);
        if (sandbox.sandboxID() == null || id == null || !deployment.equals(metadata.get(DEPLOYMENT))) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new OwnedResource(sandbox.sandboxID(), SandboxId.of(id), createdAt(metadata.get(CREATED))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Instant createdAt(@Nullable String millis) {
        try {
            return millis == null ? Instant.EPOCH : Instant.ofEpochMilli(Long.parseLong(millis));
        } catch (NumberFormatException e) {
            return Instant.EPOCH;
        }
    }

    static boolean hasNetwork(Map<String, String> metadata) {
        return !"none".equals(metadata.get(NETWORK));
    }

    /** The ports that the spec has asked for. Of a sandbox that was not made here: any, which is null. */
    static @Nullable Set<Integer> ports(Map<String, String> metadata) {
        String ports = metadata.get(PORTS);
        if (ports == null) {
            return null;
        }
        return Arrays.stream(ports.split("_"))
                .filter(port -> port.matches("[0-9]{1,5}"))
                .map(Integer::valueOf)
                .collect(Collectors.toUnmodifiableSet());
    }
}

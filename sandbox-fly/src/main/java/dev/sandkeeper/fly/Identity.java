package dev.sandkeeper.fly;

import dev.sandkeeper.SandboxId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whose a Machine is, as its metadata say. Keys have no dots, since the list is filtered by {@code metadata.<key>}. */
record Identity(String deployment, SandboxId sandboxId, Instant createdAt) {
    static final String DEPLOYMENT = "sandkeeper_deployment";
    static final String SANDBOX = "sandkeeper_sandbox";
    static final String CREATED = "sandkeeper_created";
    private static final String PREFIX = "sk-";

    /** The Machine's name: known before it is made, and unique among the living ones of an app. */
    static String machineName(SandboxId sandboxId) {
        return PREFIX + sandboxId.toString().replace("-", "");
    }

    Map<String, String> metadata() {
        return Map.of(
                DEPLOYMENT,
                deployment,
                SANDBOX,
                sandboxId.toString(),
                CREATED,
                Long.toString(createdAt.toEpochMilli()));
    }

    /** Nothing if the metadata are not ours. */
    static Optional<Identity> of(Map<String, String> metadata) {
        @Nullable String deployment = metadata.get(DEPLOYMENT);
        @Nullable String sandbox = metadata.get(SANDBOX);
        if (deployment == null || deployment.isEmpty() || sandbox == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Identity(
                    deployment,
                    SandboxId.of(sandbox),
                    Instant.ofEpochMilli(Long.parseLong(metadata.getOrDefault(CREATED, "0")))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}

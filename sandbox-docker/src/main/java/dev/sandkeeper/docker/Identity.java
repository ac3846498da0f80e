package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whose a resource is, as its labels and its name say. */
record Identity(String deployment, SandboxId sandboxId) {
    static final String MANAGED = "dev.sandkeeper.managed";
    static final String DEPLOYMENT = "dev.sandkeeper.deployment";
    static final String SANDBOX = "dev.sandkeeper.sandbox";
    static final String CREATED = "dev.sandkeeper.created";

    private static final String PREFIX = "sandkeeper-";
    private static final int ID_LENGTH = 36;

    /** The container's name: known before it is made, and unique at the engine. */
    String ref() {
        return PREFIX + deployment + "-" + sandboxId;
    }

    String volume() {
        return ref() + "-workspace";
    }

    Map<String, String> labels(Instant createdAt) {
        return Map.of(
                MANAGED,
                "true",
                DEPLOYMENT,
                deployment,
                SANDBOX,
                sandboxId.toString(),
                CREATED,
                Long.toString(createdAt.toEpochMilli()));
    }

    /** What a list of the engine is narrowed by. */
    List<String> filters() {
        return List.of(MANAGED + "=true", DEPLOYMENT + "=" + deployment, SANDBOX + "=" + sandboxId);
    }

    static List<String> filtersOf(String deployment) {
        return List.of(MANAGED + "=true", DEPLOYMENT + "=" + deployment);
    }

    /** Nothing if the resource is not ours. */
    static Optional<Identity> of(@Nullable Map<String, String> labels) {
        if (labels == null || !"true".equals(labels.get(MANAGED))) {
            return Optional.empty();
        }
        return of(labels.get(DEPLOYMENT), labels.get(SANDBOX));
    }

    /** Nothing if it is not a name of ours. */
    static Optional<Identity> of(String ref) {
        int hyphen = ref.length() - ID_LENGTH - 1;
        if (!ref.startsWith(PREFIX) || hyphen <= PREFIX.length() || ref.charAt(hyphen) != '-') {
            return Optional.empty();
        }
        return of(ref.substring(PREFIX.length(), hyphen), ref.substring(hyphen + 1));
    }

    private static Optional<Identity> of(@Nullable String deployment, @Nullable String sandbox) {
        if (deployment == null || deployment.isEmpty() || sandbox == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Identity(deployment, SandboxId.of(sandbox)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** When our row was made; the epoch if the label does not say. */
    static Instant createdAt(Map<String, String> labels) {
        try {
            return Instant.ofEpochMilli(Long.parseLong(labels.getOrDefault(CREATED, "0")));
        } catch (NumberFormatException e) {
            return Instant.EPOCH;
        }
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Whose a sandbox is, as its labels and its name say. */
record Identity(String deployment, SandboxId sandboxId) {
    static final String MANAGED = "dev.sandkeeper.managed";
    static final String DEPLOYMENT = "dev.sandkeeper.deployment";
    static final String SANDBOX = "dev.sandkeeper.sandbox";
    static final String CREATED = "dev.sandkeeper.created";
    /** Which ports were asked for: a preview of any other one is refused. */
    static final String PORTS = "dev.sandkeeper.ports";
    /** Whether commands must find the sandbox's own environment. */
    static final String ENVIRONMENT = "dev.sandkeeper.environment";

    /** Unique in the organisation, and known before the sandbox is made. */
    String name() {
        return "sandkeeper-" + deployment + "-" + sandboxId;
    }

    Map<String, String> labels(Instant createdAt, SandboxSpec spec, boolean environment) {
        Map<String, String> labels = new HashMap<>(Map.of(
                MANAGED,
                "true",
                DEPLOYMENT,
                deployment,
                SANDBOX,
                sandboxId.toString(),
                CREATED,
                Long.toString(createdAt.toEpochMilli())));
        if (!spec.ports().isEmpty()) {
            labels.put(PORTS, spec.ports().stream().map(String::valueOf).collect(Collectors.joining(",")));
        }
        if (environment) {
            labels.put(ENVIRONMENT, "true");
        }
        return labels;
    }

    /** What a list is narrowed by. */
    static Map<String, String> filterOf(String deployment) {
        return Map.of(MANAGED, "true", DEPLOYMENT, deployment);
    }

    /** Nothing if the sandbox is not ours. */
    static Optional<Identity> of(Map<String, String> labels) {
        String deployment = labels.getOrDefault(DEPLOYMENT, "");
        String sandbox = labels.getOrDefault(SANDBOX, "");
        if (!"true".equals(labels.get(MANAGED)) || deployment.isEmpty()) {
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

    static Set<String> ports(Map<String, String> labels) {
        return Arrays.stream(labels.getOrDefault(PORTS, "").split(",", -1)).collect(Collectors.toSet());
    }
}

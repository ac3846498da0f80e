package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a list showed some time ago: when each resource was first seen, and when it was first missed. */
final class LaggingView {
    private final Map<String, Seen> seen = new HashMap<>();

    private record Seen(
            String deployment,
            OwnedResource resource,
            Instant appeared,
            @Nullable Instant vanished) {}

    synchronized void observe(String deployment, OwnedListing now, Instant moment) {
        Set<String> present = new HashSet<>();
        for (OwnedResource resource : now.resources()) {
            present.add(resource.providerRef());
            seen.putIfAbsent(resource.providerRef(), new Seen(deployment, resource, moment, null));
        }
        seen.replaceAll((ref, entry) ->
                entry.vanished() != null || !entry.deployment().equals(deployment) || present.contains(ref)
                        ? entry
                        : new Seen(deployment, entry.resource(), entry.appeared(), moment));
    }

    synchronized List<OwnedResource> asOf(String deployment, Instant now, Duration lag) {
        Instant then = now.minus(lag);
        List<OwnedResource> shown = new ArrayList<>();
        seen.values().forEach(entry -> {
            Instant vanished = entry.vanished();
            if (entry.deployment().equals(deployment)
                    && !entry.appeared().isAfter(then)
                    && (vanished == null || vanished.isAfter(then))) {
                shown.add(entry.resource());
            }
        });
        return shown;
    }
}

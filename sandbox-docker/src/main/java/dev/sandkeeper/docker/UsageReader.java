package dev.sandkeeper.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.command.InspectContainerResponse;
import dev.sandkeeper.spi.ResourceUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a container has used: from the kernel if the engine is on this host, else from the engine, in one shot, because
 * docker-java's way waits a second for a second sample.
 */
final class UsageReader {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String WHAT = "read the usage of a container";

    private final Engine engine;
    private final Inventory inventory;
    private final HostCgroups host;

    UsageReader(Engine engine, Inventory inventory) {
        this.engine = engine;
        this.inventory = inventory;
        this.host = new HostCgroups(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
    }

    Optional<ResourceUsage> read(String ref) {
        Optional<ResourceUsage> counted = Optional.empty();
        if (engine.address().socket() != null) {
            counted = inventory.inspect(ref).flatMap(this::counted);
        }
        return counted.isPresent() ? counted : told(ref);
    }

    private Optional<ResourceUsage> counted(InspectContainerResponse container) {
        Long pid = container.getState().getPidLong();
        return pid == null ? Optional.empty() : host.usage(container.getId(), pid);
    }

    private Optional<ResourceUsage> told(String ref) {
        try {
            EngineResponse response =
                    engine.request("GET", "/containers/" + ref + "/stats?stream=false&one-shot=true", new byte[0], "");
            if (response.status() == 404 || response.status() == 409) {
                return Optional.empty();
            }
            if (response.status() != 200) {
                throw engine.faults().refused(WHAT, response.status(), response.message());
            }
            return usage(JSON.readTree(response.body()));
        } catch (IOException e) {
            throw engine.faults().unreachable(WHAT, e);
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(WHAT, e);
        }
    }

    private static Optional<ResourceUsage> usage(JsonNode stats) {
        Long cpu = number(stats.path("cpu_stats").path("cpu_usage").path("total_usage"));
        Long memory = number(stats.path("memory_stats").path("usage"));
        if (cpu == null || memory == null) {
            // a container that has ended has statistics without numbers
            return Optional.empty();
        }
        return Optional.of(new ResourceUsage(
                Duration.ofNanos(cpu), memory, number(stats.path("memory_stats").path("max_usage")), null));
    }

    private static @Nullable Long number(JsonNode node) {
        return node.isIntegralNumber() ? node.asLong() : null;
    }
}

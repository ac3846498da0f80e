package dev.sandkeeper.docker;

import dev.sandkeeper.spi.ResourceUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what a container has used where the engine reads it, in the kernel's control groups (cgroups(7)), if that is this host:
 * an engine 20.10 answers only at its next second. That it is the same host is known by the container's id, which is in the name
 * of its group.
 */
final class HostCgroups {
    private static final Logger LOG = LoggerFactory.getLogger(HostCgroups.class);

    private final Path processes;
    private final Path groups;

    /**
     * Of this host.
     *
     * @param processes where proc(5) is
     * @param groups where control groups are
     */
    HostCgroups(Path processes, Path groups) {
        this.processes = processes;
        this.groups = groups;
    }

    /** What a container has used; nothing if that is not found here. */
    Optional<ResourceUsage> usage(String containerId, long pid) {
        if (pid <= 0 || containerId.length() < 32) {
            return Optional.empty();
        }
        try {
            Path unified = null;
            Path memory = null;
            Path time = null;
            for (String line : Files.readAllLines(processes.resolve(pid + "/cgroup"))) {
                String[] parts = line.split(":", 3);
                if (parts.length < 3 || !parts[2].contains(containerId)) {
                    continue;
                }
                String path = parts[2].substring(1);
                if (parts[1].isEmpty()) {
                    unified = groups.resolve(path);
                }
                for (String controller : parts[1].split(",", -1)) {
                    if (controller.equals("memory")) {
                        memory = groups.resolve(parts[1]).resolve(path);
                    } else if (controller.equals("cpuacct")) {
                        time = groups.resolve(parts[1]).resolve(path);
                    }
                }
            }
            if (memory != null && time != null) {
                return Optional.of(new ResourceUsage(
                        Duration.ofNanos(number(time.resolve("cpuacct.usage"))),
                        number(memory.resolve("memory.usage_in_bytes")),
                        number(memory.resolve("memory.max_usage_in_bytes")),
                        null));
            }
            return unified == null ? Optional.empty() : Optional.of(usage(unified));
        } catch (IOException | NumberFormatException e) {
            // it may just have ended, or this JVM sees other groups than the engine
            LOG.debug("no control group of container {} here", containerId, e);
            return Optional.empty();
        }
    }

    private static ResourceUsage usage(Path group) throws IOException {
        long micros = Files.readAllLines(group.resolve("cpu.stat")).stream()
                .filter(line -> line.startsWith("usage_usec "))
                .mapToLong(line -> Long.parseLong(line.substring(11).strip()))
                .findFirst()
                .orElseThrow(() -> new IOException("no usage_usec in " + group.resolve("cpu.stat")));
        // before Linux 5.19 nobody keeps the peak
        @Nullable Long peak = Files.exists(group.resolve("memory.peak")) ? number(group.resolve("memory.peak")) : null;
        return new ResourceUsage(Duration.ofNanos(micros * 1000), number(group.resolve("memory.current")), peak, null);
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).strip());
    }
}

package dev.sandkeeper.spi;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a sandbox has used. Null stands for what the provider does not tell.
 *
 * @param cpuTime processor time of all its processes so far
 * @param memoryBytes memory in use now
 * @param peakMemoryBytes the most memory that was in use
 * @param diskBytes what its disk holds now
 */
public record ResourceUsage(
        @Nullable Duration cpuTime,
        @Nullable Long memoryBytes,
        @Nullable Long peakMemoryBytes,
        @Nullable Long diskBytes) {}

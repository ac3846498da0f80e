package dev.sandkeeper.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What this JVM holds.
 *
 * @param heap bytes that are reachable, or nearly: after collections
 * @param threads of the platform, and alive
 * @param descriptors open files and sockets
 */
record Footprint(long heap, int threads, long descriptors) {
    private static final double MEGABYTE = 1 << 20;

    static Footprint now() throws IOException {
        for (int i = 0; i < 3; i++) {
            // what is weak or to be cleaned goes with the second one
            System.gc();
        }
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return new Footprint(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                    ManagementFactory.getThreadMXBean().getThreadCount(),
                    open.count());
        }
    }

    double heapMegabytes() {
        return heap / MEGABYTE;
    }

    Footprint since(Footprint before) {
        return new Footprint(heap - before.heap, threads - before.threads, descriptors - before.descriptors);
    }
}

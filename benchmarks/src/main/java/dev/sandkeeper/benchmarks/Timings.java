package dev.sandkeeper.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** What was measured of several variants, in the order in which they came. Safe from many threads. */
final class Timings {
    private final Map<String, Samples> samples = new LinkedHashMap<>();

    /** The samples of a variant, new ones for a new name. */
    synchronized Samples of(String variant) {
        return samples.computeIfAbsent(variant, name -> new Samples());
    }

    synchronized void forEach(BiConsumer<String, Samples> consumer) {
        samples.forEach(consumer);
    }

    /** The median time of one as a multiple of the other's. */
    double ratio(String variant, String other) {
        return of(variant).nanos(0.5) / of(other).nanos(0.5);
    }
}

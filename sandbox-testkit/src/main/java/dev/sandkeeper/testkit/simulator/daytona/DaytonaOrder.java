package dev.sandkeeper.testkit.simulator.daytona;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a create asks for, checked and with its defaults filled in.
 *
 * @param snapshot the one it comes from; null if it is built
 * @param build how it is built; null if it comes from a snapshot
 * @param cpu in cores, as are memory and disk in GiB
 * @param autoStop in minutes, as are the other intervals; 0 for never
 * @param autoDelete 0 for as soon as it stops, -1 for never
 */
record DaytonaOrder(
        @Nullable String name,
        @Nullable DaytonaSnapshot snapshot,
        @Nullable Build build,
        String user,
        Map<String, String> env,
        Map<String, String> labels,
        boolean open,
        boolean networkBlocked,
        @Nullable String networkAllowList,
        @Nullable String domainAllowList,
        String target,
        long cpu,
        long memory,
        long disk,
        long autoStop,
        long autoArchive,
        long autoDelete,
        long ttlMinutes,
        List<Mount> volumes) {
    DaytonaOrder {
        env = Map.copyOf(env);
        labels = Map.copyOf(labels);
        volumes = List.copyOf(volumes);
    }

    /** A build from a Dockerfile. */
    record Build(String dockerfile, List<String> contextHashes, Instant at) {
        Build {
            contextHashes = List.copyOf(contextHashes);
        }

        /** What the provider calls the result. */
        String ref() {
            return "daytona-" + Integer.toHexString(dockerfile.hashCode()) + ":daytona";
        }
    }

    /** A volume and where it is seen. */
    record Mount(String volumeId, String path, @Nullable String subpath) {}
}

package dev.sandkeeper.e2b;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What E2B's control plane is sent and answers; of answers what is used here. Its names are the provider's. */
final class Wire {
    private Wire() {}

    record NewSandbox(
            String templateID,
            int timeout,
            boolean secure,
            boolean autoPause,
            boolean allow_internet_access,
            NetworkRules network,
            Map<String, String> metadata,
            Map<String, String> envVars) {
        /** Leaves the environment out. */
        @Override
        public String toString() {
            return "NewSandbox[" + templateID + ", " + timeout + " s]";
        }
    }

    record NetworkRules(boolean allowPublicTraffic) {}

    record NewSnapshot(String name) {}

    record Snapshot(@Nullable String snapshotID, @Nullable List<String> names) {}

    record Timeout(int timeout) {}

    record Nothing() {}

    /** Of create, connect, get and list; what only some of them have is null in the others. */
    record Sandbox(
            @Nullable String sandboxID,
            @Nullable String templateID,
            @Nullable String domain,
            @Nullable String envdVersion,
            @Nullable String envdAccessToken,
            @Nullable String state,
            @Nullable String startedAt,
            @Nullable String endAt,
            @Nullable Map<String, String> metadata) {
        /** Of one whose ID is known to be there. */
        String id() {
            return Objects.requireNonNull(sandboxID, "sandboxID");
        }

        Map<String, String> labels() {
            return metadata == null ? Map.of() : metadata;
        }

        /** Leaves the token out. */
        @Override
        public String toString() {
            return "Sandbox[" + sandboxID + ", " + state + "]";
        }
    }

    record Metric(@Nullable Long memUsed) {}
}

package dev.sandkeeper.fly;

import dev.sandkeeper.MemorySize;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** What a {@link FlyBackendBuilder} has collected, but for the token. */
record FlySettings(
        String name,
        HttpUrl url,
        String app,
        boolean appPerSandbox,
        @Nullable String organization,
        List<String> regions,
        String image,
        String cpuKind,
        int cpus,
        MemorySize memory,
        String user,
        int userId,
        int calls,
        Duration expiryHorizon,
        Clock clock) {}

package dev.sandkeeper.docker;

import dev.sandkeeper.MemorySize;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What the application configured for whatever a spec leaves out. */
record Defaults(
        String image,
        MemorySize memory,
        double cpus,
        int maxProcesses,
        MemorySize tmpSize,
        @Nullable String runtime,
        Duration callTimeout) {
    /** Who runs commands unless somebody is named. */
    static final String USER = "1000:1000";

    static final int OPEN_FILES_SOFT = 1024;
    static final int OPEN_FILES_HARD = 4096;
}

package dev.sandkeeper;

import java.util.Objects;

/**
 * What a command in the background has printed so far: of each stream its head and its tail, at most 1 MiB.
 *
 * @param stdout standard output
 * @param stderr standard error
 */
public record BackgroundLog(CapturedOutput stdout, CapturedOutput stderr) {
    /** Refuses null. */
    public BackgroundLog {
        Objects.requireNonNull(stdout, "stdout");
        Objects.requireNonNull(stderr, "stderr");
    }
}

package dev.sandkeeper.testkit.simulator.daytona;

import java.time.Duration;

/**
 * Which of the provider's ways are shown.
 *
 * @param oldDaemons whether toolboxes are of before 2026-07: no source in errors, general codes only, nothing in the body of an
 *     error about files
 * @param version what toolboxes say they are
 * @param logLinger how long a log that is followed stays open behind its last byte
 */
record DaytonaManner(boolean oldDaemons, String version, Duration logLinger) {}

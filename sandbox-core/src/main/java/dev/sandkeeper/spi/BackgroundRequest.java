package dev.sandkeeper.spi;

import java.time.Duration;
import java.util.Objects;

/**
 * What a backend is told when it is to start a command in the background.
 *
 * @param name 1 to 64 letters, digits, dots, underscores and hyphens, all of ASCII
 * @param process what to start: without input and with the sandbox's user. Its deadline is when TERM is sent, inside the
 *     sandbox; null if it may run as long as the sandbox
 * @param grace the time between TERM and KILL at the deadline
 * @param logLimit how many bytes are kept of each output stream, half from the beginning and half from the end: at most 1 MiB.
 *     A backend may keep up to half as much again and 16 KiB
 */
public record BackgroundRequest(String name, ProcessRequest process, Duration grace, int logLimit) {
    /** Refuses null. */
    public BackgroundRequest {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(process, "process");
        Objects.requireNonNull(grace, "grace");
    }
}

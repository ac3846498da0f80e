package dev.sandkeeper.internal;

import dev.sandkeeper.MemorySize;

/** With less than this, nothing of use starts in a container or in namespaces of this host's kernel. */
public final class LeastLimits {
    /** What a file system in memory is made with. */
    public static final MemorySize SIZE = MemorySize.kilobytes(64);

    /** How many files a process may have open. */
    public static final int OPEN_FILES = 16;

    private LeastLimits() {}
}

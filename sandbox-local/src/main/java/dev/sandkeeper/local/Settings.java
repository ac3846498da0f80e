package dev.sandkeeper.local;

import dev.sandkeeper.MemorySize;
import java.nio.file.Path;

/**
 * What the host application has chosen.
 *
 * @param name the backend's name
 * @param stateDirectory where sandboxes are written down
 * @param firstUid the first user that a root host may become
 * @param uidCount how many there are
 * @param memory the limit where a spec names none
 * @param cpus the limit where a spec names none
 * @param maxProcesses the limit where a spec names none
 */
record Settings(
        String name,
        Path stateDirectory,
        int firstUid,
        int uidCount,
        MemorySize memory,
        double cpus,
        int maxProcesses) {}

package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.internal.PathBytes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The volumes that every sandbox of a backend has, and where they may be. Not thread-safe. */
final class VolumeMounts {
    private static final int LONGEST = 255;
    private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\s]([^\\p{Cntrl}]*[^\\p{Cntrl}\\s])?");
    private static final Pattern PATH = Pattern.compile("(/[^/\\p{Cntrl}]+)+");
    private static final List<String> DAYTONAS =
            List.of("/proc", "/sys", "/dev", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64");
    /** A volume around or in one of them would show what is one sandbox's own to all of them, secrets included. */
    private static final List<String> OURS = List.of(SandboxSpec.WORKSPACE, "/tmp/.sandkeeper");

    private final List<Wire.Mount> mounts = new ArrayList<>();

    void add(String nameOrId, String mountPath) {
        if (nameOrId.length() > LONGEST || !NAME.matcher(nameOrId).matches()) {
            throw new IllegalArgumentException("nameOrId must be the name or the id of a volume, of at most " + LONGEST
                    + " characters: \"" + PathBytes.printable(nameOrId) + "\". See it on Daytona's dashboard");
        }
        checkShape(mountPath);
        for (String taken : DAYTONAS) {
            if (isAtOrIn(mountPath, taken)) {
                throw refused(
                        mountPath, "must not be in " + taken, "Daytona mounts nothing there: use one such as /data");
            }
        }
        for (String taken : OURS) {
            if (overlap(mountPath, taken)) {
                throw refused(
                        mountPath,
                        "must be neither in " + taken + " nor above it",
                        "That is each sandbox's own: use one such as /data");
            }
        }
        for (Wire.Mount other : mounts) {
            if (overlap(mountPath, other.mountPath())) {
                throw refused(
                        mountPath,
                        "must be neither in nor above " + other.mountPath() + ", where volume " + other.volumeId()
                                + " is",
                        "Mount them beside each other");
            }
        }
        mounts.add(new Wire.Mount(nameOrId, mountPath));
    }

    private static void checkShape(String path) {
        if (path.length() > LONGEST || !PATH.matcher(path).matches()) {
            throw refused(
                    path,
                    "must be an absolute path of at most " + LONGEST
                            + " characters, without an empty name or a / at its end",
                    "Use one such as /data");
        }
        for (String name : path.split("/", -1)) {
            // Daytona refuses .. in any place of a name
            if (name.equals(".") || name.contains("..")) {
                throw refused(path, "must have no \"..\" in it and no \".\" as a name", "Write the path that is meant");
            }
        }
    }

    private static boolean isAtOrIn(String path, String directory) {
        return path.equals(directory) || path.startsWith(directory + "/");
    }

    private static boolean overlap(String one, String other) {
        return isAtOrIn(one, other) || isAtOrIn(other, one);
    }

    private static IllegalArgumentException refused(String path, String rule, String remedy) {
        return new IllegalArgumentException("mountPath " + rule + ": \"" + PathBytes.printable(path) + "\". " + remedy);
    }

    /** What a create says of them; null if there are none. */
    @Nullable
    List<Wire.Mount> wire() {
        return mounts.isEmpty() ? null : List.copyOf(mounts);
    }
}

package dev.sandkeeper.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a new volume to a user where the engine keeps it, if that is this host and this JVM may: the engine takes for it as long
 * as for starting a process. That it is the same host is known by the volume's name, which is in its path and nobody else's.
 * Where that failed once it is not tried again. Safe from many threads.
 */
final class HostVolumes {
    private static final Logger LOG = LoggerFactory.getLogger(HostVolumes.class);

    private volatile boolean outOfReach;

    /** One that is never tried. */
    static HostVolumes none() {
        HostVolumes none = new HostVolumes();
        none.outOfReach = true;
        return none;
    }

    /** Whether it is worth asking the engine for a path. */
    boolean mayBeHere() {
        return !outOfReach;
    }

    /** The engine's user 0 is none of this host's, or the volume is not root's alone for another reason. */
    void giveUp() {
        outOfReach = true;
    }

    /**
     * Gives an empty volume of root's to a user, who alone may write to it.
     *
     * @param path where the engine says that the volume is
     * @param name of the volume, as the engine says
     * @return whether that was done
     */
    boolean give(Path path, String name, int uid, int gid) {
        if (outOfReach || name.isEmpty() || path.getNameCount() < 2 || !path.endsWith(Path.of(name, "_data"))) {
            return false;
        }
        try {
            Map<String, Object> now = Files.readAttributes(path, "unix:uid,isDirectory", LinkOption.NOFOLLOW_LINKS);
            if (!Boolean.TRUE.equals(now.get("isDirectory"))
                    || !Integer.valueOf(0).equals(now.get("uid"))) {
                outOfReach = true;
                return false;
            }
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setAttribute(path, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
            return true;
        } catch (IOException | SecurityException | UnsupportedOperationException | IllegalArgumentException e) {
            LOG.debug(
                    "volumes of the engine are out of reach, so that it is asked to set their owners: {}",
                    e.toString());
            outOfReach = true;
            return false;
        }
    }
}

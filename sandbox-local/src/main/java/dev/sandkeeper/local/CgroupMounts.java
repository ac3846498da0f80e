package dev.sandkeeper.local;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where groups might be made.
 *
 * @param version1 mount points by controller
 * @param version2 directories, the best first
 */
record CgroupMounts(Map<String, Path> version1, List<Path> version2) {
    private static final Set<String> CONTROLLERS = Set.of("memory", "pids", "cpu", "cpuacct");

    static CgroupMounts ofThisHost() {
        String mounts = Io.readIfExists(Path.of("/proc/self/mounts"));
        String own = Io.readIfExists(Path.of("/proc/self/cgroup"));
        return parse(mounts == null ? "" : mounts, own == null ? "" : own);
    }

    /**
     * Reads proc(5) mounts and cgroup. In version 2 an ordinary user can make groups only beside the own one, which somebody has
     * delegated; root can at the top, so that sandboxes outlive the service that makes them.
     */
    static CgroupMounts parse(String mounts, String own) {
        Map<String, Path> version1 = new LinkedHashMap<>();
        List<Path> version2 = new ArrayList<>();
        for (String line : mounts.lines().toList()) {
            String[] fields = line.split(" ", -1);
            if (fields.length < 4) {
                continue;
            }
            Path mount = Path.of(fields[1]);
            if (fields[2].equals("cgroup")) {
                for (String option : fields[3].split(",", -1)) {
                    if (CONTROLLERS.contains(option)) {
                        version1.put(option, mount);
                    }
                }
            } else if (fields[2].equals("cgroup2")) {
                version2.add(mount);
                own.lines()
                        .filter(entry -> entry.startsWith("0::/") && entry.length() > 4)
                        .map(entry -> mount.resolve(entry.substring(4)).getParent())
                        .filter(parent -> !version2.contains(parent))
                        .forEach(version2::add);
            }
        }
        return new CgroupMounts(version1, List.copyOf(version2));
    }
}

package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.daytona.DaytonaOrder.Build;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaOrder.Mount;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what a create asks for, by the provider's rules. */
final class DaytonaCreation {
    private static final String DEFAULT_USER = "daytona";
    private static final long DEFAULT_STOP = 15;
    private static final long DEFAULT_ARCHIVE = 10_080;
    private static final int LONGEST_LIST = 10;
    private static final Pattern BAD_NAME = Pattern.compile("[\\p{Cntrl}]|<[^>]+>|https?://");
    private static final Pattern CIDR = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})");
    private static final Pattern DOMAIN = Pattern.compile("(\\*\\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}");
    private static final Set<String> TAKEN_DIRECTORIES =
            Set.of("/proc", "/sys", "/dev", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64");

    private final DaytonaShelf shelf;
    private final DaytonaLimits limits;
    private final Set<String> regions;
    private final String defaultRegion;

    DaytonaCreation(DaytonaShelf shelf, DaytonaLimits limits, List<String> regions) {
        this.shelf = shelf;
        this.limits = limits;
        this.regions = Set.copyOf(regions);
        this.defaultRegion = regions.get(0);
    }

    DaytonaOrder read(String organization, DaytonaFields fields, Instant now) {
        String name = name(fields);
        Build build = build(fields, now);
        String wanted = fields.text("snapshot");
        if (build != null && wanted != null) {
            throw DaytonaRefusal.bad("Cannot specify a snapshot when using a build info entry");
        }
        long cpu = fields.number("cpu", 0, 0);
        long memory = fields.number("memory", 0, 0);
        long disk = fields.number("disk", 0, 0);
        long gpu = fields.number("gpu", 0, 0);
        String target = target(fields);
        DaytonaSnapshot snapshot = build == null ? shelf.forCreate(organization, wanted) : null;
        if (snapshot != null && cpu + memory + disk + gpu > 0) {
            throw DaytonaRefusal.bad("Cannot specify Sandbox resources when using a snapshot");
        }
        if (gpu > 0 || fields.flag("spot")) {
            throw DaytonaRefusal.bad("GPU sandboxes are not available in region " + target);
        }
        cpu = snapshot == null ? orDefault(cpu, 1) : snapshot.cpu();
        memory = snapshot == null ? orDefault(memory, 1) : snapshot.memory();
        disk = snapshot == null ? orDefault(disk, 3) : snapshot.disk();
        limits.checkOne(cpu, memory, disk);
        if (fields.number("autoPauseInterval", 0, 0) > 0) {
            throw DaytonaRefusal.bad("Auto-pause is not supported for sandboxes of class container");
        }
        return new DaytonaOrder(
                name,
                snapshot,
                build,
                fields.text("user", DEFAULT_USER),
                fields.texts("env"),
                fields.texts("labels"),
                fields.flag("public"),
                fields.flag("networkBlockAll"),
                networkAllowList(fields.text("networkAllowList")),
                domainAllowList(fields.text("domainAllowList")),
                target,
                cpu,
                memory,
                disk,
                autoStop(fields.number("autoStopInterval")),
                autoArchive(fields.number("autoArchiveInterval")),
                fields.number("autoDeleteInterval", -1, -1),
                fields.number("ttlMinutes", 0, 0),
                mounts(organization, fields));
    }

    private static long orDefault(long value, long otherwise) {
        return value == 0 ? otherwise : value;
    }

    private static @Nullable String name(DaytonaFields fields) {
        String name = fields.text("name");
        if (name != null && BAD_NAME.matcher(name).find()) {
            throw DaytonaRefusal.bad("name must not contain HTML tags, URLs or control characters");
        }
        return name == null || name.isBlank() ? null : name;
    }

    private static @Nullable Build build(DaytonaFields fields, Instant now) {
        DaytonaFields info = fields.object("buildInfo");
        return info == null ? null : new Build(info.needed("dockerfileContent"), info.list("contextHashes"), now);
    }

    private String target(DaytonaFields fields) {
        String target = fields.text("target", defaultRegion);
        if (!regions.contains(target)) {
            throw DaytonaRefusal.missing("Region not found");
        }
        return target;
    }

    private static long autoStop(@Nullable Long minutes) {
        return minutes == null ? DEFAULT_STOP : autoStop(minutes.longValue());
    }

    static long autoStop(long minutes) {
        if (minutes < 0) {
            throw DaytonaRefusal.bad("Auto-stop interval must be non-negative");
        }
        return minutes;
    }

    private static long autoArchive(@Nullable Long minutes) {
        return minutes == null ? DEFAULT_ARCHIVE : autoArchive(minutes.longValue());
    }

    static long autoArchive(long minutes) {
        if (minutes < 0) {
            throw DaytonaRefusal.bad("Auto-archive interval must be non-negative");
        }
        long most = DaytonaLimits.LONGEST_ARCHIVE_MINUTES;
        return minutes == 0 || minutes > most ? most : minutes;
    }

    /** An empty one lifts the restriction. */
    static @Nullable String networkAllowList(@Nullable String list) {
        if (list == null || list.isBlank()) {
            return null;
        }
        String[] ranges = list.split(",", -1);
        if (ranges.length > LONGEST_LIST) {
            throw DaytonaRefusal.bad("Network allow list cannot contain more than " + LONGEST_LIST + " networks");
        }
        for (String each : ranges) {
            var parts = CIDR.matcher(each.trim());
            boolean good = parts.matches() && Integer.parseInt(parts.group(5)) <= 32;
            for (int i = 1; good && i <= 4; i++) {
                good = Integer.parseInt(parts.group(i)) <= 255;
            }
            if (!good) {
                throw DaytonaRefusal.bad("Invalid network allow list: " + each.trim() + " is no IPv4 CIDR block");
            }
        }
        return list;
    }

    static @Nullable String domainAllowList(@Nullable String list) {
        if (list == null || list.isBlank()) {
            return null;
        }
        String[] domains = list.split(",", -1);
        if (domains.length > LONGEST_LIST) {
            throw DaytonaRefusal.bad("Domain allow list cannot contain more than " + LONGEST_LIST + " domains");
        }
        for (String each : domains) {
            if (!DOMAIN.matcher(each.trim()).matches()) {
                throw DaytonaRefusal.bad("Invalid domain allow list: " + each.trim() + " is no domain");
            }
        }
        return list;
    }

    private List<Mount> mounts(String organization, DaytonaFields fields) {
        List<Mount> mounts = new ArrayList<>();
        for (DaytonaFields each : fields.objects("volumes")) {
            String path = each.needed("mountPath");
            boolean taken = TAKEN_DIRECTORIES.stream()
                    .anyMatch(directory -> path.equals(directory) || path.startsWith(directory + "/"));
            if (!path.startsWith("/") || path.equals("/") || path.contains("..") || path.contains("//") || taken) {
                throw DaytonaRefusal.bad("Invalid mount path " + path);
            }
            String id = shelf.mountable(organization, each.needed("volumeId")).id;
            mounts.add(new Mount(id, path, each.text("subpath")));
        }
        return mounts;
    }
}

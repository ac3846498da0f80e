package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Control groups (cgroups(7)), of version 2 or, where a controller still sits there, version 1: one group a sandbox below
 * {@code sandkeeper}, which only its commands enter. Which controllers can be used is found out by using them.
 */
final class Cgroups {
    private static final Logger LOG = LoggerFactory.getLogger(Cgroups.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private final String prefix;
    /** The directories that hold our groups, by controller; the same one for all in version 2. */
    private final Map<String, Path> parents;

    private final boolean unified;

    Cgroups(String fingerprint, Map<String, Path> parents, boolean unified) {
        this.prefix = fingerprint + ".";
        this.parents = parents;
        this.unified = unified;
    }

    /** None at all. */
    static Cgroups none() {
        return new Cgroups("", Map.of(), false);
    }

    boolean has(String controller) {
        return parents.containsKey(controller);
    }

    /** Makes a sandbox's groups and sets its limits. */
    void create(SandboxRef ref, Limits limits) throws IOException {
        for (Path group : groups(ref)) {
            make(group, unified);
        }
        if (limits.memory() > 0) {
            limitMemory(group("memory", ref), limits.memory());
        }
        if (limits.processes() > 0 && has("pids")) {
            Io.write(group("pids", ref).resolve("pids.max"), Integer.toString(limits.processesOfGroup()));
        }
        if (limits.cpus() > 0) {
            long quota = Math.max(1000, Math.round(limits.cpus() * 100_000));
            Path group = group("cpu", ref);
            if (unified) {
                Io.write(group.resolve("cpu.max"), quota + " 100000");
            } else {
                Io.write(group.resolve("cpu.cfs_period_us"), "100000");
                Io.write(group.resolve("cpu.cfs_quota_us"), Long.toString(quota));
            }
        }
    }

    /** Another JVM that ends may have removed the empty directory above. */
    static void make(Path group, boolean unified) throws IOException {
        for (int attempt = 0; ; attempt++) {
            try {
                Files.createDirectory(group);
                return;
            } catch (NoSuchFileException e) {
                if (attempt == 5) {
                    throw e;
                }
                Path parent = group.resolve("..").normalize();
                if (unified) {
                    CgroupProbe.enable(parent.resolve("..").normalize(), parent);
                } else {
                    Files.createDirectories(parent);
                }
            }
        }
    }

    /** The files that a process writes 0 to in order to enter. */
    List<Path> entrances(SandboxRef ref) {
        return groups(ref).stream()
                .filter(Files::isDirectory)
                .map(group -> group.resolve("cgroup.procs"))
                .toList();
    }

    /** What a sandbox has used, or null if nobody counts. */
    dev.sandkeeper.spi.@Nullable ResourceUsage usage(SandboxRef ref) {
        Path memory = has("memory") ? group("memory", ref) : null;
        Path time = has("cpuacct") ? group("cpuacct", ref) : has("cpu") && unified ? group("cpu", ref) : null;
        Duration cpu = null;
        if (time != null && unified) {
            String stat = Io.readIfExists(time.resolve("cpu.stat"));
            cpu = stat == null
                    ? null
                    : stat.lines()
                            .filter(line -> line.startsWith("usage_usec "))
                            .findFirst()
                            .map(line -> Duration.ofNanos(Long.parseLong(line.substring(11)) * 1000))
                            .orElse(null);
        } else if (time != null) {
            Long nanos = number(time.resolve("cpuacct.usage"));
            cpu = nanos == null ? null : Duration.ofNanos(nanos);
        }
        Long now = memory == null ? null : number(memory.resolve(unified ? "memory.current" : "memory.usage_in_bytes"));
        Long peak =
                memory == null ? null : number(memory.resolve(unified ? "memory.peak" : "memory.max_usage_in_bytes"));
        return cpu == null && now == null ? null : new dev.sandkeeper.spi.ResourceUsage(cpu, now, peak, null);
    }

    /** How many processes the kernel has killed for want of memory; 0 if nobody counts. */
    long memoryKills(SandboxRef ref) {
        if (!has("memory")) {
            return 0;
        }
        String text = Io.readIfExists(group("memory", ref).resolve(unified ? "memory.events" : "memory.oom_control"));
        return text == null
                ? 0
                : text.lines()
                        .filter(line -> line.startsWith("oom_kill "))
                        .mapToLong(line -> Long.parseLong(line.substring(9).strip()))
                        .findFirst()
                        .orElse(0);
    }

    /** The sandboxes of a deployment that have a group. */
    Set<SandboxRef> list(String deployment) {
        Set<SandboxRef> found = new TreeSet<>((a, b) -> a.id().compareTo(b.id()));
        String start = prefix + deployment + ".";
        for (Path parent : Set.copyOf(parents.values())) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, start + "*")) {
                for (Path entry : entries) {
                    String id = entry.getFileName().toString().substring(start.length());
                    SandboxRef.parse(deployment + "/" + id).ifPresent(found::add);
                }
            } catch (NoSuchFileException e) {
                LOG.debug("{} is gone: another JVM found it empty", parent);
            } catch (IOException e) {
                LOG.warn("cannot list the control groups in {}: {}", parent, e.toString());
            }
        }
        return found;
    }

    /** Ends whatever is still in a sandbox's groups and removes them. Does nothing if there are none. */
    void destroy(SandboxRef ref) throws IOException, InterruptedException {
        for (Path group : groups(ref)) {
            remove(group);
        }
    }

    static void remove(Path group) throws IOException, InterruptedException {
        Wait wait = new Wait(PATIENCE);
        while (!removed(group)) {
            kill(group);
            if (!wait.pause()) {
                throw new IOException(
                        "the control group " + group + " is not empty after " + PATIENCE.toSeconds() + " seconds");
            }
        }
    }

    static boolean removed(Path group) {
        try {
            Files.deleteIfExists(group);
            return true;
        } catch (IOException e) {
            // EBUSY while a process is in it.
            return false;
        }
    }

    private static void kill(Path group) throws IOException {
        Path all = group.resolve("cgroup.kill");
        if (Files.exists(all)) {
            try {
                Io.write(all, "1");
                return;
            } catch (IOException e) {
                LOG.debug("{} refused: {}", all, e.toString());
            }
        }
        String pids = Io.readIfExists(group.resolve("cgroup.procs"));
        if (pids != null) {
            pids.lines().map(Long::valueOf).forEach(pid -> Proc.identify(pid).ifPresent(ProcessIdentity::kill));
        }
    }

    private void limitMemory(Path group, long bytes) throws IOException {
        String limit = Long.toString(bytes);
        if (unified) {
            Io.write(group.resolve("memory.max"), limit);
            writeIfThere(group.resolve("memory.swap.max"), "0");
            return;
        }
        Io.write(group.resolve("memory.limit_in_bytes"), limit);
        if (Files.exists(group.resolve("memory.memsw.limit_in_bytes"))) {
            Io.write(group.resolve("memory.memsw.limit_in_bytes"), limit);
        } else {
            writeIfThere(group.resolve("memory.swappiness"), "0");
        }
    }

    private static void writeIfThere(Path file, String value) throws IOException {
        if (Files.exists(file)) {
            Io.write(file, value);
        }
    }

    private Path group(String controller, SandboxRef ref) {
        Path parent = parents.get(controller);
        if (parent == null) {
            throw new IllegalStateException("no control group limits " + controller);
        }
        return parent.resolve(name(ref));
    }

    private List<Path> groups(SandboxRef ref) {
        return parents.values().stream()
                .distinct()
                .map(parent -> parent.resolve(name(ref)))
                .toList();
    }

    private String name(SandboxRef ref) {
        return prefix + ref.deployment() + "." + ref.id();
    }

    private static @Nullable Long number(Path file) {
        String text = Io.readIfExists(file);
        return text == null ? null : Long.valueOf(text.strip());
    }

    /** Copies for tests and messages. */
    List<String> controllers() {
        List<String> names = new ArrayList<>(parents.keySet());
        names.sort(null);
        return names;
    }

    /** Removes our directory where it is empty; another JVM makes it again when it needs it. */
    void close() {
        for (Path parent : Set.copyOf(parents.values())) {
            try {
                Files.deleteIfExists(parent);
            } catch (NoSuchFileException e) {
                LOG.debug("{} is gone already", parent);
            } catch (IOException e) {
                LOG.debug("{} is in use", parent);
            }
        }
    }
}

package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out which controllers of control groups can be used, by limiting a group and letting a process enter. */
final class CgroupProbe {
    private static final Logger LOG = LoggerFactory.getLogger(CgroupProbe.class);
    /** Controller, the file that limits, and a value to try it with. */
    private static final Map<String, List<String>> PROBES_1 = Map.of(
            "memory", List.of("memory.limit_in_bytes", "67108864"),
            "pids", List.of("pids.max", "64"),
            "cpu", List.of("cpu.cfs_quota_us", "50000"));

    private static final Map<String, List<String>> PROBES_2 = Map.of(
            "memory", List.of("memory.max", "67108864"),
            "pids", List.of("pids.max", "64"),
            "cpu", List.of("cpu.max", "50000 100000"));

    private CgroupProbe() {}

    /** Tries which controllers can be used, in groups that go again. Under the state directory's {@link TrialLock}. */
    static Cgroups run(String fingerprint, CgroupMounts mounts) throws InterruptedException {
        String name = fingerprint + ".trial";
        Map<String, Path> usable = new LinkedHashMap<>();
        for (Map.Entry<String, Path> mount : mounts.version1().entrySet()) {
            Path parent = mount.getValue().resolve("sandkeeper");
            if (works(parent.resolve(name), PROBES_1.getOrDefault(mount.getKey(), List.of()), false)) {
                usable.put(mount.getKey(), parent);
            }
        }
        if (!usable.isEmpty()) {
            return new Cgroups(fingerprint, usable, false);
        }
        for (Path mount : mounts.version2()) {
            Path parent = mount.resolve("sandkeeper");
            enable(mount, parent);
            for (Map.Entry<String, List<String>> probe : PROBES_2.entrySet()) {
                if (works(parent.resolve(name), probe.getValue(), true)) {
                    usable.put(probe.getKey(), parent);
                }
            }
            if (!usable.isEmpty()) {
                return new Cgroups(fingerprint, usable, true);
            }
        }
        return Cgroups.none();
    }

    /** Hands controllers down to a directory of version 2, as far as that is allowed. */
    static void enable(Path mount, Path parent) {
        for (String controller : PROBES_2.keySet()) {
            try {
                Io.write(mount.resolve("cgroup.subtree_control"), "+" + controller);
                Files.createDirectories(parent);
                Io.write(parent.resolve("cgroup.subtree_control"), "+" + controller);
            } catch (IOException e) {
                LOG.debug("no {} controller in {}: {}", controller, parent, e.toString());
            }
        }
    }

    /** Limits a group and lets a process enter it. */
    private static boolean works(Path group, List<String> limit, boolean unified) throws InterruptedException {
        try {
            Cgroups.remove(group);
            Cgroups.make(group, unified);
            try {
                if (!limit.isEmpty()) {
                    Io.write(group.resolve(limit.get(0)), limit.get(1));
                }
                return enters(group);
            } finally {
                Cgroups.remove(group);
            }
        } catch (IOException e) {
            LOG.debug("control group {} cannot be used: {}", group, e.toString());
            return false;
        }
    }

    private static boolean enters(Path group) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                "/bin/sh",
                "-c",
                "echo 0 >\"$1\"",
                "sandkeeper-probe",
                group.resolve("cgroup.procs").toString()));
        builder.environment().clear();
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return process.waitFor() == 0;
        } finally {
            process.destroyForcibly();
        }
    }
}

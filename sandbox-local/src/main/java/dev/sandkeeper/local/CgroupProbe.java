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

    /** Tries which controllers can be used. */
    static Cgroups run(String fingerprint, CgroupMounts mounts) {
        Map<String, Path> usable = new LinkedHashMap<>();
        mounts.version1().forEach((controller, mount) -> {
            Path parent = mount.resolve("sandkeeper");
            if (works(parent, PROBES_1.getOrDefault(controller, List.of()))) {
                usable.put(controller, parent);
            }
        });
        if (!usable.isEmpty()) {
            return new Cgroups(fingerprint, usable, false);
        }
        for (Path mount : mounts.version2()) {
            Path parent = mount.resolve("sandkeeper");
            enable(mount, parent);
            PROBES_2.forEach((controller, probe) -> {
                if (!usable.containsKey(controller) && works(parent, probe)) {
                    usable.put(controller, parent);
                }
            });
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

    /**
     * Limits a group and lets a process enter it. The group has a fixed name and stays: JVMs may try at the same time, and
     * one that is killed meanwhile leaves nothing that adds up.
     */
    private static boolean works(Path parent, List<String> limit) {
        Path group = parent.resolve("probe");
        try {
            Files.createDirectories(group);
            if (!limit.isEmpty()) {
                Io.write(group.resolve(limit.get(0)), limit.get(1));
            }
            return enters(group);
        } catch (IOException e) {
            LOG.debug("control groups in {} cannot be used: {}", parent, e.toString());
            return false;
        }
    }

    private static boolean enters(Path group) throws IOException {
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
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            return false;
        }
    }
}

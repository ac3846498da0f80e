package dev.sandkeeper.local;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.internal.LeastLimits;
import dev.sandkeeper.spi.Capability;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a spec may ask for on this host, and what it gets where it does not ask. */
final class SpecRules {
    private static final MemorySize LEAST_MEMORY = MemorySize.megabytes(16);
    private static final MemorySize TMP = MemorySize.megabytes(256);
    private static final MemorySize SHARED_MEMORY = MemorySize.megabytes(64);
    private static final int FILES = 1024;
    /** Where nothing limits the memory of the sandbox; the JVM does not start with less. */
    private static final MemorySize ADDRESS_SPACE = MemorySize.gigabytes(4);

    private final Settings settings;
    private final Set<Capability> capabilities;
    private final Failures failures;

    SpecRules(Settings settings, Set<Capability> capabilities, Failures failures) {
        this.settings = settings;
        this.capabilities = capabilities;
        this.failures = failures;
    }

    void check(SandboxSpec spec) {
        need(
                spec.network() == Network.full(),
                Capability.FULL_NETWORK,
                "network",
                spec.network(),
                "Use Network.none(), or Network.hostNetwork() if no isolation from the network is wanted");
        need(spec.memory().isPresent(), Capability.MEMORY_LIMIT, "memory", spec.memory(), groups("memory"));
        need(spec.cpus().isPresent(), Capability.CPU_LIMIT, "cpus", spec.cpus(), groups("cpu"));
        need(
                spec.maxProcesses().isPresent(),
                Capability.PROCESS_LIMIT,
                "maxProcesses",
                spec.maxProcesses(),
                groups("pids"));
        need(
                !spec.ports().isEmpty(),
                Capability.PORTS,
                "ports",
                spec.ports(),
                "Talk to the service by commands, or by files in the workspace");
        need(spec.writableRoot(), Capability.WRITABLE_ROOT, "writableRoot", true, "Write below /workspace or /tmp");
        need(spec.user().isPresent(), Capability.SANDBOX_USER, "user", spec.user(), "Leave user(...) out");
        need(
                !spec.kernelCapabilities().isEmpty(),
                Capability.KERNEL_CAPABILITIES,
                "kernelCapabilities",
                spec.kernelCapabilities(),
                "Leave kernelCapability(...) out");
        need(spec.runtime().isPresent(), Capability.RUNTIME, "runtime", spec.runtime(), "Leave runtime(...) out");
        need(
                !spec.hostMounts().isEmpty(),
                Capability.HOST_MOUNTS,
                "hostMounts",
                spec.hostMounts(),
                "Copy the files into the sandbox");
        least("memory", spec.memory().orElse(null), LEAST_MEMORY);
        least("tmpSize", spec.tmpSize().orElse(null), LeastLimits.SIZE);
        least("disk", spec.disk().orElse(null), LeastLimits.SIZE);
        if (spec.maxOpenFiles().orElse(FILES) < LeastLimits.OPEN_FILES) {
            throw failures.invalid(
                    "max_open_files_too_low",
                    "maxOpenFiles is " + spec.maxOpenFiles().getAsInt() + ", with which no program starts",
                    "Ask for at least " + LeastLimits.OPEN_FILES);
        }
        image(spec);
    }

    /** The directory that the spec names as its root file system, or null for the host's own system. */
    @Nullable
    Path image(SandboxSpec spec) {
        String name = spec.image().orElse(null);
        if (name == null) {
            return null;
        }
        Path path;
        try {
            path = Path.of(name);
        } catch (InvalidPathException e) {
            throw badImage(name, "it is no path");
        }
        if (!path.isAbsolute()) {
            throw badImage(name, "it is not absolute");
        }
        if (!Files.isDirectory(path)) {
            throw badImage(name, "there is no such directory");
        }
        if (!Files.isDirectory(path.resolve("usr")) && !Files.isDirectory(path.resolve("bin"))) {
            throw badImage(name, "it has neither usr nor bin in it");
        }
        return path;
    }

    Limits limits(SandboxSpec spec) {
        boolean memory = capabilities.contains(Capability.MEMORY_LIMIT);
        boolean cpus = capabilities.contains(Capability.CPU_LIMIT);
        boolean processes = capabilities.contains(Capability.PROCESS_LIMIT);
        return new Limits(
                memory ? spec.memory().orElse(settings.memory()).bytes() : 0,
                memory ? 0 : ADDRESS_SPACE.bytes(),
                cpus ? spec.cpus().orElse(settings.cpus()) : 0,
                processes ? spec.maxProcesses().orElse(settings.maxProcesses()) : 0,
                spec.maxOpenFiles().orElse(FILES));
    }

    /** Not more than half of the memory where nobody chose: a full one must not keep commands from starting. */
    long tmpBytes(SandboxSpec spec) {
        long memory = limits(spec).memory();
        long usual = memory == 0 ? TMP.bytes() : Math.min(TMP.bytes(), memory / 2);
        return spec.tmpSize().map(MemorySize::bytes).orElse(usual);
    }

    long sharedMemoryBytes(SandboxSpec spec) {
        long memory = limits(spec).memory();
        return memory == 0 ? SHARED_MEMORY.bytes() : Math.min(SHARED_MEMORY.bytes(), memory / 4);
    }

    private void need(boolean asked, Capability capability, String field, Object value, String remedy) {
        if (asked && !capabilities.contains(capability)) {
            throw failures.missing(
                    capability, field + " was asked for (" + value + "), which this host cannot give", remedy);
        }
    }

    private void least(String field, @Nullable MemorySize value, MemorySize least) {
        if (value != null && value.compareTo(least) < 0) {
            throw failures.invalid(
                    field + "_too_small",
                    field + " is " + value + ", too little to start anything",
                    "Ask for at least " + least);
        }
    }

    private static String groups(String controller) {
        return "Run where this process may make control groups with the " + controller
                + " controller (as root, or in a delegated systemd unit), or leave the limit out";
    }

    private RuntimeException badImage(String name, String why) {
        return failures.invalid(
                "image_not_found",
                "image \"" + name + "\" cannot be used: " + why,
                "Name the absolute path of a directory with a root file system, or leave image(...) out for the host's own"
                        + " system directories");
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.internal.ShellVariables;
import dev.sandkeeper.spi.Capability;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What this backend refuses before anything is made, and what the rest of a spec comes to at Daytona. */
final class SpecRules {
    static final String SNAPSHOT = "snapshot://";

    /** What may stand in a Dockerfile behind FROM, and nothing that could become another line of it. */
    private static final Pattern IMAGE = Pattern.compile("[a-z0-9]+([._:/@-]+[A-Za-z0-9]+)*(@sha256:[0-9a-f]{64})?");

    private static final Pattern SNAPSHOT_NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,253}[A-Za-z0-9])?");
    private static final long GIBIBYTE = 1L << 30;

    private final String backend;

    SpecRules(String backend) {
        this.backend = backend;
    }

    static boolean isSnapshotName(String name) {
        return SNAPSHOT_NAME.matcher(name).matches();
    }

    void check(SandboxSpec spec) {
        lacking(spec);
        Optional<String> image = spec.image();
        image.ifPresent(this::image);
        boolean built = image.isPresent() && !image.get().startsWith(SNAPSHOT);
        spec.memory().ifPresent(memory -> {
            sized("memory", memory, built);
            if (memory.bytes() % GIBIBYTE != 0) {
                throw invalid(
                        "memory",
                        memory + " is no whole number of gibibytes",
                        "Ask for " + MemorySize.gigabytes(memory.bytes() / GIBIBYTE + 1));
            }
        });
        if (spec.cpus().isPresent()) {
            double cpus = spec.cpus().getAsDouble();
            sized("cpus", cpus, built);
            if (cpus < 1 || cpus != Math.rint(cpus)) {
                throw invalid("cpus", cpus + " is no whole number of processors", "Ask for " + (int) Math.ceil(cpus));
            }
        }
        spec.tmpSize().ifPresent(size -> {
            throw invalid("tmpSize", size + ": /tmp is on the sandbox's disk at Daytona", "Leave it out");
        });
        if (!spec.ports().isEmpty() && spec.network() instanceof Network.None) {
            throw invalid(
                    "ports",
                    spec.ports() + " cannot be reached while network is none",
                    "Add network(Network.full()), or leave port(...) out");
        }
        names(spec.environment().keySet());
        names(spec.secrets());
    }

    private void lacking(SandboxSpec spec) {
        missing(spec.lifetime() == Lifetime.PROCESS, Capability.PROCESS_LIFETIME, "lifetime PROCESS");
        missing(spec.network() instanceof Network.HostNetwork, Capability.HOST_NETWORK, "network hostNetwork");
        missing(spec.maxProcesses().isPresent(), Capability.PROCESS_LIMIT, "maxProcesses");
        missing(
                spec.disk().isPresent(),
                Capability.DISK_LIMIT,
                "disk: Daytona limits the whole disk, not the workspace");
        missing(spec.user().isPresent(), Capability.SANDBOX_USER, "user");
        missing(!spec.kernelCapabilities().isEmpty(), Capability.KERNEL_CAPABILITIES, "kernelCapabilities");
        missing(spec.runtime().isPresent(), Capability.RUNTIME, "runtime");
        missing(!spec.hostMounts().isEmpty(), Capability.HOST_MOUNTS, "hostMounts");
    }

    private void missing(boolean asked, Capability capability, String field) {
        if (asked) {
            throw new CapabilityMissingException(
                    capability,
                    Failure.of("capability_missing", field + ": this backend lacks " + capability)
                            .backend(backend)
                            .remedy("Leave it out, or choose a backend that has it"));
        }
    }

    private void image(String image) {
        if (image.startsWith(SNAPSHOT)) {
            if (!isSnapshotName(image.substring(SNAPSHOT.length()))) {
                throw invalid(
                        "image", "\"" + image + "\" is no name of a snapshot", "Use DaytonaBackend.snapshot(name)");
            }
        } else if (image.length() > 255 || !IMAGE.matcher(image).matches()) {
            throw invalid(
                    "image",
                    "\"" + image + "\" is not the name of an image",
                    "Use a name such as python:3.13-slim, or DaytonaBackend.snapshot(name)");
        }
    }

    private void sized(String field, Object value, boolean built) {
        if (!built) {
            throw invalid(
                    field,
                    value + ": a sandbox from a snapshot has the snapshot's size",
                    "Leave it out, choose a snapshot of that size, or name an image");
        }
    }

    private void names(Collection<String> names) {
        for (String name : names) {
            if (!ShellVariables.canBeExported(name)) {
                throw invalid(
                        "environment", "the name \"" + name + "\" must " + ShellVariables.RULE, "Choose another name");
            }
        }
    }

    private SpecInvalidException invalid(String field, String rule, String remedy) {
        return new SpecInvalidException(
                Failure.of("spec_invalid", field + ": " + rule).backend(backend).remedy(remedy));
    }

    /**
     * The body of a create.
     *
     * @param snapshot of specs that name no image; null for the organisation's default
     * @param ttlMinutes after how many minutes it ends at the provider; 0 for never
     * @param volumes the account's, which it sees; null for none
     */
    static Wire.NewSandbox body(
            Identity identity,
            SandboxSpec spec,
            java.util.Map<String, String> labels,
            @Nullable String target,
            @Nullable String snapshot,
            int ttlMinutes,
            @Nullable List<Wire.Mount> volumes) {
        String image = spec.image().orElse(null);
        boolean built = image != null && !image.startsWith(SNAPSHOT);
        String named = image == null ? snapshot : built ? null : image.substring(SNAPSHOT.length());
        return new Wire.NewSandbox(
                identity.name(),
                named,
                built ? new Wire.BuildInfo("FROM " + image + "\n") : null,
                target,
                labels,
                false,
                spec.network() instanceof Network.None,
                spec.cpus().isPresent() ? (Integer) (int) spec.cpus().getAsDouble() : null,
                spec.memory().map(memory -> (int) (memory.bytes() / GIBIBYTE)).orElse(null),
                0,
                0,
                0,
                ttlMinutes,
                volumes);
    }
}

package dev.sandkeeper.docker;

import com.github.dockerjava.api.model.Capability;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.internal.LeastLimits;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What this backend refuses before anything is made. */
final class SpecCheck {
    /** The engine's own minimum. */
    private static final MemorySize LEAST_MEMORY = MemorySize.megabytes(6);

    /** Starting a command takes the runtime about a dozen threads for a moment, and the sandbox holds four itself. */
    static final int LEAST_PROCESSES = 24;

    private static final Pattern USER =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?");

    private final Defaults defaults;
    private final EngineAddress address;
    private final Faults faults;
    private final Set<dev.sandkeeper.spi.Capability> capabilities;

    SpecCheck(
            Defaults defaults, EngineAddress address, Faults faults, Set<dev.sandkeeper.spi.Capability> capabilities) {
        this.defaults = defaults;
        this.address = address;
        this.faults = faults;
        this.capabilities = capabilities;
    }

    void check(SandboxSpec spec) {
        spec.image().ifPresent(image -> {
            if (!ImageName.isValid(image)) {
                throw faults.invalid(
                        "image",
                        "\"" + image + "\" is not the name or id of an image",
                        "Use a name such as python:3.13-slim, in lower case");
            }
        });
        MemorySize memory = spec.memory().orElse(defaults.memory());
        if (memory.compareTo(LEAST_MEMORY) < 0) {
            throw faults.invalid(
                    "memory", memory + " is less than the engine's minimum of " + LEAST_MEMORY, "Ask for more");
        }
        least("tmpSize", Optional.of(spec.tmpSize().orElse(defaults.tmpSize())));
        least("disk", spec.disk());
        spec.maxOpenFiles().ifPresent(count -> {
            if (count < LeastLimits.OPEN_FILES) {
                throw faults.invalid(
                        "maxOpenFiles",
                        count + " is less than " + LeastLimits.OPEN_FILES + ", with which a program starts",
                        "Ask for more");
            }
        });
        spec.disk().ifPresent(disk -> {
            if (disk.compareTo(memory) > 0) {
                throw faults.invalid(
                        "disk",
                        disk + " is more than memory (" + memory
                                + "): a workspace with a hard limit is memory here, and" + " counts as such",
                        "Raise memory, or leave disk out");
            }
        });
        spec.maxProcesses().ifPresent(count -> {
            if (count < LEAST_PROCESSES) {
                throw faults.invalid(
                        "maxProcesses",
                        count + " is less than " + LEAST_PROCESSES + ", which the engine needs itself",
                        "Ask for more");
            }
        });
        if (!spec.ports().isEmpty() && spec.network() instanceof Network.None) {
            throw faults.invalid(
                    "ports",
                    spec.ports() + " cannot be reached while network is none",
                    "Add network(Network.full()), or leave port(...) out");
        }
        if (spec.network() instanceof Network.HostNetwork) {
            throw missing(dev.sandkeeper.spi.Capability.HOST_NETWORK, "network hostNetwork");
        }
        spec.user().ifPresent(user -> {
            if (!USER.matcher(user).matches()) {
                throw faults.invalid(
                        "user",
                        "\"" + user + "\" is not a name or number, optionally with :group",
                        "Use one that the image's /etc/passwd has, or a number");
            }
        });
        checkKernelCapabilities(spec);
        EnvironmentCheck.check(spec.environment().keySet(), faults);
        EnvironmentCheck.check(spec.secrets(), faults);
        if (!spec.hostMounts().isEmpty()) {
            if (!capabilities.contains(dev.sandkeeper.spi.Capability.HOST_MOUNTS)) {
                throw missing(dev.sandkeeper.spi.Capability.HOST_MOUNTS, "hostMounts");
            }
            HostMounts.of(spec, address, faults);
        }
    }

    private void least(String field, Optional<MemorySize> size) {
        size.filter(asked -> asked.compareTo(LeastLimits.SIZE) < 0).ifPresent(asked -> {
            throw faults.invalid(field, asked + " is less than the minimum of " + LeastLimits.SIZE, "Ask for more");
        });
    }

    private void checkKernelCapabilities(SandboxSpec spec) {
        for (String name : new TreeSet<>(spec.kernelCapabilities())) {
            try {
                Capability.valueOf(name);
            } catch (IllegalArgumentException e) {
                throw faults.invalid(
                        "kernelCapabilities",
                        name + " is not a capability of Linux that is known",
                        "See capabilities(7); the name goes without CAP_");
            }
        }
        String user = spec.user().orElse(Defaults.USER);
        if (!spec.kernelCapabilities().isEmpty() && !user.matches("(root|0)(:.*)?")) {
            throw faults.invalid(
                    "kernelCapabilities",
                    new TreeSet<>(spec.kernelCapabilities()) + " would have no effect for user " + user
                            + ": an engine gives them to root only",
                    "Add user(\"root\"), or leave them out");
        }
    }

    private CapabilityMissingException missing(dev.sandkeeper.spi.Capability capability, String field) {
        return new CapabilityMissingException(
                capability,
                faults.failure("capability_missing", field + ": this backend lacks " + capability)
                        .remedy("Leave it out, or choose a backend that has it"));
    }
}

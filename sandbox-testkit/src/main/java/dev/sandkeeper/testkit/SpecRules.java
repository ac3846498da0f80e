package dev.sandkeeper.testkit;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.testkit.internal.Users;
import java.util.EnumSet;
import java.util.Set;

/** Which capabilities a spec needs, and the rules of the in-memory provider. */
final class SpecRules {
    private static final MemorySize LEAST_MEMORY = MemorySize.megabytes(4);

    private SpecRules() {}

    static Set<Capability> needs(SandboxSpec spec) {
        Set<Capability> needs = EnumSet.noneOf(Capability.class);
        add(needs, spec.lifetime() == Lifetime.PROCESS, Capability.PROCESS_LIFETIME);
        add(needs, spec.network() == Network.full(), Capability.FULL_NETWORK);
        add(needs, spec.network() == Network.hostNetwork(), Capability.HOST_NETWORK);
        add(needs, !spec.ports().isEmpty(), Capability.PORTS);
        add(needs, spec.memory().isPresent(), Capability.MEMORY_LIMIT);
        add(needs, spec.cpus().isPresent(), Capability.CPU_LIMIT);
        add(needs, spec.maxProcesses().isPresent(), Capability.PROCESS_LIMIT);
        add(needs, spec.disk().isPresent(), Capability.DISK_LIMIT);
        add(needs, spec.writableRoot(), Capability.WRITABLE_ROOT);
        add(needs, spec.user().isPresent(), Capability.SANDBOX_USER);
        add(needs, !spec.kernelCapabilities().isEmpty(), Capability.KERNEL_CAPABILITIES);
        add(needs, spec.runtime().isPresent(), Capability.RUNTIME);
        add(needs, !spec.hostMounts().isEmpty(), Capability.HOST_MOUNTS);
        return needs;
    }

    private static void add(Set<Capability> needs, boolean needed, Capability capability) {
        if (needed) {
            needs.add(capability);
        }
    }

    static void check(String backend, Set<Capability> capabilities, SandboxSpec spec) {
        for (Capability capability : needs(spec)) {
            require(backend, capabilities, capability);
        }
        if (spec.memory().isPresent() && spec.memory().get().compareTo(LEAST_MEMORY) < 0) {
            throw new SpecInvalidException(Failure.of(
                            "spec_invalid",
                            "memory must be at least " + LEAST_MEMORY + ": "
                                    + spec.memory().get())
                    .backend(backend)
                    .remedy("Ask for more"));
        }
        if (spec.user().isPresent() && Users.uid(spec.user().get()).isEmpty()) {
            throw new SpecInvalidException(Failure.of(
                            "spec_invalid",
                            "user must be root, sandbox or a number: "
                                    + spec.user().get())
                    .backend(backend)
                    .remedy("Name one of these"));
        }
    }

    static void require(String backend, Set<Capability> capabilities, Capability capability) {
        if (!capabilities.contains(capability)) {
            throw new CapabilityMissingException(
                    capability,
                    Failure.of("capability_missing", "this backend lacks " + capability)
                            .backend(backend)
                            .remedy("Leave it out, or choose a backend that has it"));
        }
    }
}

package dev.sandkeeper.fly;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.spi.Capability;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** What Fly would refuse, or pass over, of a spec; and the size of the Machine that it asks for. */
final class SpecRules {
    private static final int[] SHARED = {1, 2, 4, 6, 8};
    private static final int[] PERFORMANCE = {1, 2, 4, 6, 8, 10, 12, 14, 16};
    private static final long MEGABYTE = 1L << 20;
    private static final Pattern IMAGE = Pattern.compile("[a-z0-9][A-Za-z0-9._/:@-]{0,511}");

    private final FlySettings settings;
    private final ProviderClient client;

    SpecRules(FlySettings settings, ProviderClient client) {
        this.settings = settings;
        this.client = client;
    }

    void check(SandboxSpec spec) {
        refuseMissing(spec);
        if (!(spec.network() instanceof Network.Full)) {
            throw invalid(
                    "network",
                    "network: " + spec.network() + " cannot be had, since Fly closes no Machine's way out",
                    "Use network(Network.full()), or choose a backend that can do without a network");
        }
        if (spec.maxOpenFiles().isPresent()) {
            throw invalid(
                    "max_open_files",
                    "maxOpenFiles: " + spec.maxOpenFiles().getAsInt() + " cannot be set for a Machine",
                    "Leave maxOpenFiles(...) out");
        }
        if (spec.tmpSize().isPresent()) {
            throw invalid(
                    "tmp_size",
                    "tmpSize: " + spec.tmpSize().get() + " cannot be set, since /tmp is a part of the root disk",
                    "Leave tmpSize(...) out");
        }
        String image = spec.image().orElse(settings.image());
        if (!IMAGE.matcher(image).matches()) {
            throw invalid(
                    "image",
                    "image: \"" + image + "\" is not the name of an image",
                    "Use a name such as registry.fly.io/my-app:1, best with a digest");
        }
        EnvironmentNames.check(spec.environment().keySet(), client);
        EnvironmentNames.check(spec.secrets(), client);
        guest(spec);
    }

    private void refuseMissing(SandboxSpec spec) {
        need(spec.lifetime() == Lifetime.PROCESS, Capability.PROCESS_LIFETIME, "lifetime PROCESS");
        need(spec.network() instanceof Network.HostNetwork, Capability.HOST_NETWORK, "network hostNetwork");
        need(!spec.ports().isEmpty(), Capability.PORTS, "ports " + spec.ports());
        need(spec.maxProcesses().isPresent(), Capability.PROCESS_LIMIT, "maxProcesses");
        need(spec.disk().isPresent(), Capability.DISK_LIMIT, "disk");
        need(spec.user().isPresent(), Capability.SANDBOX_USER, "user");
        need(!spec.kernelCapabilities().isEmpty(), Capability.KERNEL_CAPABILITIES, "kernelCapabilities");
        need(spec.runtime().isPresent(), Capability.RUNTIME, "runtime");
        need(!spec.hostMounts().isEmpty(), Capability.HOST_MOUNTS, "hostMounts");
    }

    private void need(boolean asked, Capability capability, String field) {
        if (asked) {
            throw new CapabilityMissingException(
                    capability,
                    client.failure("capability_missing", field + ": this backend lacks " + capability)
                            .remedy("Leave it out, or choose a backend that has it"));
        }
    }

    /** The size of the Machine, as the API takes it. */
    Map<String, Object> guest(SandboxSpec spec) {
        boolean shared = settings.cpuKind().equals("shared");
        int cpus = cpus(spec, shared ? SHARED : PERFORMANCE);
        long step = shared ? 256 : 2048;
        long least = step * cpus;
        long most = (shared ? 2048L : 8192L) * cpus;
        MemorySize asked = spec.memory().orElse(settings.memory());
        long megabytes = asked.bytes() / MEGABYTE;
        if (spec.memory().isEmpty() && megabytes < least) {
            megabytes = least; // the default is meant for one processor
        } else if (asked.bytes() % (step * MEGABYTE) != 0 || megabytes < least || megabytes > most) {
            throw invalid(
                    "memory",
                    "memory: " + asked + " is no size of " + settings.cpuKind() + "-" + cpus + "x, which has from "
                            + least + " to " + most + " MB in steps of " + step,
                    "Ask for such a size, or for other cpus");
        }
        Map<String, Object> guest = new LinkedHashMap<>();
        guest.put("cpu_kind", settings.cpuKind());
        guest.put("cpus", cpus);
        guest.put("memory_mb", megabytes);
        return guest;
    }

    private int cpus(SandboxSpec spec, int[] sizes) {
        double asked = spec.cpus().orElse(settings.cpus());
        for (int size : sizes) {
            if (size == asked) {
                return size;
            }
        }
        throw invalid(
                "cpus",
                "cpus: a Machine of kind " + settings.cpuKind() + " has " + Arrays.toString(sizes) + ", not " + asked,
                "Ask for one of these");
    }

    private SpecInvalidException invalid(String field, String message, String remedy) {
        return new SpecInvalidException(
                client.failure(field + "_invalid", message).remedy(remedy));
    }
}

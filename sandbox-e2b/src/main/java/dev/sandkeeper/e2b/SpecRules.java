package dev.sandkeeper.e2b;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Network;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.internal.ShellVariables;
import dev.sandkeeper.spi.Capability;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Pattern;

/** What this backend refuses before anything is made. */
final class SpecRules {
    /** ID or alias, with a namespace before and a tag behind; a snapshot's ID looks the same. */
    private static final Pattern TEMPLATE = Pattern.compile(
            "([A-Za-z0-9][A-Za-z0-9_.-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]{0,127}(:[A-Za-z0-9][A-Za-z0-9_.-]{0,127})?");

    private static final String OTHER_NAME = "Choose another name";
    private static final String OF_TEMPLATES = "A template decides it: build one that has it, and name it as the image";

    private final String backend;
    private final Duration longestRun;

    SpecRules(String backend, Duration longestRun) {
        this.backend = backend;
        this.longestRun = longestRun;
    }

    static boolean isTemplate(String text) {
        return TEMPLATE.matcher(text).matches();
    }

    void check(SandboxSpec spec) {
        refuse(spec.lifetime() == Lifetime.PROCESS, Capability.PROCESS_LIFETIME, "lifetime", "Use Lifetime.STORE");
        refuse(spec.network() instanceof Network.HostNetwork, Capability.HOST_NETWORK, "network", "Use Network.full()");
        refuse(spec.memory().isPresent(), Capability.MEMORY_LIMIT, "memory", OF_TEMPLATES);
        refuse(spec.cpus().isPresent(), Capability.CPU_LIMIT, "cpus", OF_TEMPLATES);
        refuse(spec.disk().isPresent(), Capability.DISK_LIMIT, "disk", OF_TEMPLATES);
        refuse(spec.maxProcesses().isPresent(), Capability.PROCESS_LIMIT, "maxProcesses", "Leave it out");
        refuse(
                spec.user().isPresent(),
                Capability.SANDBOX_USER,
                "user",
                "The template's default user runs the commands: build one that has another");
        refuse(
                !spec.kernelCapabilities().isEmpty(),
                Capability.KERNEL_CAPABILITIES,
                "kernelCapabilities",
                "Leave them out");
        refuse(spec.runtime().isPresent(), Capability.RUNTIME, "runtime", "Leave it out: each sandbox is a microVM");
        refuse(!spec.hostMounts().isEmpty(), Capability.HOST_MOUNTS, "hostMounts", "Upload the files");
        if (spec.maxOpenFiles().isPresent()) {
            throw invalid(
                    "maxOpenFiles", "E2B sets no limit on open files", "Leave it out, or call ulimit in the command");
        }
        if (spec.tmpSize().isPresent()) {
            throw invalid("tmpSize", "/tmp is part of the sandbox's disk", "Leave it out");
        }
        spec.image().ifPresent(image -> {
            if (!isTemplate(image)) {
                throw invalid(
                        "image",
                        "\"" + image + "\" is not the ID or alias of a template, nor a snapshot's ID",
                        "Name a template such as base, or team/name:tag");
            }
        });
        if (!spec.ports().isEmpty() && spec.network() instanceof Network.None) {
            throw invalid(
                    "ports",
                    spec.ports() + " cannot be reached while network is none",
                    "Add network(Network.full()), or leave port(...) out");
        }
        checkLife(spec);
        spec.environment().keySet().forEach(this::checkVariable);
        spec.secrets().forEach(this::checkVariable);
    }

    private void checkLife(SandboxSpec spec) {
        spec.timeToLive().ifPresent(time -> {
            if (time.compareTo(longestRun) > 0) {
                throw invalid(
                        "timeToLive",
                        time + " is more than the " + longestRun + " that the plan lets a sandbox run",
                        "Ask for less, or set longestRun of the backend's builder to what your plan allows");
            }
        });
        boolean longer = spec.retention() == Retention.PERMANENT
                || (spec.retention() == Retention.EXTENDED && spec.timeToLive().isEmpty());
        if (longer) {
            throw invalid(
                    "retention",
                    spec.retention() + " is longer than the " + longestRun + " that the plan lets a sandbox run",
                    "Use Retention.DEFAULT, or name a timeToLive of at most that");
        }
    }

    private void checkVariable(String name) {
        if (!ShellVariables.canBeInherited(name)) {
            throw invalid("environment", "the name \"" + name + "\" must " + ShellVariables.RULE, OTHER_NAME);
        }
    }

    /** Of one command. */
    void checkVariables(Set<String> names) {
        for (String name : names) {
            if (!ShellVariables.canBeInherited(name)) {
                throw new CommandNotStartableException(Failure.of(
                                "environment_name_refused",
                                "the name \"" + name + "\" of an environment variable must " + ShellVariables.RULE)
                        .backend(backend)
                        .remedy(OTHER_NAME));
            }
        }
    }

    private void refuse(boolean asked, Capability capability, String field, String remedy) {
        if (asked) {
            throw missing(capability, field, remedy);
        }
    }

    CapabilityMissingException missing(Capability capability, String field, String remedy) {
        return new CapabilityMissingException(
                capability,
                Failure.of("capability_missing", field + ": this backend lacks " + capability)
                        .backend(backend)
                        .remedy(remedy));
    }

    SpecInvalidException invalid(String field, String rule, String remedy) {
        return new SpecInvalidException(
                Failure.of("spec_invalid", field + ": " + rule).backend(backend).remedy(remedy));
    }
}

package dev.sandkeeper.local;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.Capability;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A backend at work, after the host has been looked at.
 *
 * @param capabilities what this host can do
 * @param rules what a spec may ask for
 * @param sandboxes makes and removes them
 * @param support whether that works here
 * @param cgroups what limits
 * @param version bubblewrap's
 * @param executor runs what blocks
 * @param alarms runs what is due
 */
record Engine(
        Set<Capability> capabilities,
        SpecRules rules,
        Sandboxes sandboxes,
        Support support,
        Cgroups cgroups,
        String version,
        ExecutorService executor,
        ScheduledThreadPoolExecutor alarms)
        implements AutoCloseable {
    private static final Pattern KERNEL = Pattern.compile("(\\d+)\\.(\\d+).*");

    static Engine start(Settings settings, Failures failures) {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            throw rejected(failures, "not_linux", "local sandboxes need Linux", "Use the docker backend", null);
        }
        Tools tools = Tools.find(Tools.PATH + ":" + System.getenv().getOrDefault("PATH", ""));
        tools.remedy().ifPresent(remedy -> {
            throw rejected(failures, "program_missing", "a program is missing that isolates", remedy, null);
        });
        ExecutorService executor = Executors.newCachedThreadPool(Workers.daemons("sandkeeper-" + settings.name()));
        try {
            boolean root = Proc.ownUid() == 0;
            ProcessIdentity self = Proc.identify(ProcessHandle.current().pid())
                    .orElseThrow(() -> new IOException("/proc is not that of this process"));
            Host host = new Host(
                    tools, tools.hearing(Proc.ignoredSignals()), Scripts.load(), root, Proc.bootId(), self, executor);
            StateDirectory state = new StateDirectory(settings.stateDirectory());
            Cgroups cgroups = TrialLock.alone(
                    state.root(), () -> CgroupProbe.run(state.fingerprint(), CgroupMounts.ofThisHost()));
            Set<Capability> capabilities = capabilities(cgroups, root);
            SpecRules rules = new SpecRules(settings, capabilities, failures);
            String help = output(host, "--help");
            ScheduledThreadPoolExecutor alarms =
                    new ScheduledThreadPoolExecutor(1, Workers.daemons("sandkeeper-" + settings.name() + "-alarm"));
            alarms.setRemoveOnCancelPolicy(true);
            Sandboxes sandboxes = new Sandboxes(
                    settings, host, state, cgroups, rules, help.contains("--disable-userns"), failures, alarms);
            return new Engine(
                    capabilities,
                    rules,
                    sandboxes,
                    new Support(sandboxes, state.root(), failures),
                    cgroups,
                    output(host, "--version").strip(),
                    executor,
                    alarms);
        } catch (IOException e) {
            executor.shutdownNow();
            throw rejected(
                    failures,
                    "state_directory_unusable",
                    "cannot use the state directory " + settings.stateDirectory() + ": " + e.getMessage(),
                    "Name one that this user can write, with LocalBackend.builder().stateDirectory(...)",
                    e);
        } catch (InterruptedException e) {
            executor.shutdownNow();
            throw failures.interrupted("finding out what this host can limit", null);
        }
    }

    /** Where nothing else was named. */
    static Path defaultStateDirectory() {
        if ("root".equals(System.getProperty("user.name"))) {
            return Path.of("/var/lib/sandkeeper");
        }
        String state = System.getenv("XDG_STATE_HOME");
        Path base = state != null && state.startsWith("/")
                ? Path.of(state)
                : Path.of(System.getProperty("user.home", "/nonexistent"), ".local", "state");
        return base.resolve("sandkeeper").toAbsolutePath();
    }

    String describe() {
        return version + "; limits by control groups: "
                + (cgroups.controllers().isEmpty() ? "none" : String.join(", ", cgroups.controllers()));
    }

    @Override
    public void close() {
        sandboxes.close();
        alarms.shutdownNow();
        executor.shutdown();
        cgroups.close();
    }

    private static Set<Capability> capabilities(Cgroups cgroups, boolean root) {
        Set<Capability> found = EnumSet.of(
                Capability.PROCESS_LIFETIME, Capability.HOST_NETWORK, Capability.DISK_LIMIT, Capability.BACKGROUND);
        if (cgroups.has("memory")) {
            found.add(Capability.MEMORY_LIMIT);
        }
        if (cgroups.has("cpu")) {
            found.add(Capability.CPU_LIMIT);
        }
        if (cgroups.has("pids") || root || countsByNamespace(System.getProperty("os.version", ""))) {
            found.add(Capability.PROCESS_LIMIT);
        }
        return Set.copyOf(found);
    }

    /** Since Linux 5.14 RLIMIT_NPROC counts the processes of a user in each user namespace, not on the whole host. */
    static boolean countsByNamespace(String kernel) {
        Matcher version = KERNEL.matcher(kernel);
        return version.matches()
                && Integer.parseInt(version.group(1)) * 1000 + Integer.parseInt(version.group(2)) >= 5014;
    }

    private static String output(Host host, String option) throws IOException {
        Process process = host.processBuilder(List.of(host.tool("bwrap"), option))
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static BackendRejectedException rejected(
            Failures failures,
            String code,
            String message,
            String remedy,
            @org.jspecify.annotations.Nullable Throwable cause) {
        return new BackendRejectedException(Failure.of(code, message)
                .remedy(remedy)
                .backend(failures.backend())
                .cause(cause));
    }
}

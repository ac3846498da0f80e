package dev.sandkeeper.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Driver;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.VolumeOptions;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProvisionRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the engine is asked to make. The sandbox is hostile: whatever a spec does not open by name is closed here.
 */
final class ContainerPlan {
    /** Commands must not be able to end what keeps the container alive. */
    private static final String KEEPER = "65532:65532";

    private static final String OTHER_KEEPER = "65533:65533";

    /** Ends when its input does, which is when the JVM that made it is gone. */
    private static final String WHILE_HOST_LIVES = "exec cat >/dev/null";

    /** The longest time that every sleep takes: 68 years. */
    private static final String FOR_EVER = "exec sleep 2147483647";

    /** As engines have it. */
    private static final MemorySize SHARED_MEMORY = MemorySize.megabytes(64);

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,7}");

    private static final String CALLED = "sandkeeper";

    private final ProvisionRequest request;
    private final SandboxSpec spec;
    private final Identity identity;
    private final Defaults defaults;
    private final List<Mount> hostMounts;

    ContainerPlan(ProvisionRequest request, Identity identity, Defaults defaults, List<Mount> hostMounts) {
        this.request = request;
        this.spec = request.spec();
        this.identity = identity;
        this.defaults = defaults;
        this.hostMounts = hostMounts;
    }

    String image() {
        return spec.image().orElse(defaults.image());
    }

    /** Who runs commands. */
    String user() {
        return spec.user().orElse(Defaults.USER);
    }

    /** The user's and the group's number where they are known and the volume does not come with them. */
    Optional<int[]> userNumbers() {
        String[] parts = user().split(":", 2);
        boolean numbers = parts.length == 2
                && NUMBER.matcher(parts[0]).matches()
                && NUMBER.matcher(parts[1]).matches();
        return numbers && spec.disk().isEmpty()
                ? Optional.of(new int[] {Integer.parseInt(parts[0]), Integer.parseInt(parts[1])})
                : Optional.empty();
    }

    boolean endsWithHost() {
        return spec.lifetime() == Lifetime.PROCESS;
    }

    CreateContainerCmd command(DockerClient client) {
        CreateContainerCmd command = client.createContainerCmd(image())
                .withName(identity.ref())
                .withLabels(identity.labels(request.createdAt()))
                .withEntrypoint("sh", "-c", keeping())
                // an argument that nobody reads: another JVM learns from it who runs commands
                .withCmd(CALLED, user())
                .withUser(keeper())
                .withWorkingDir(SandboxSpec.WORKSPACE)
                .withEnv(environment())
                .withHealthcheck(new HealthCheck().withTest(List.of("NONE")))
                .withTty(false)
                .withExposedPorts(PublishedPorts.exposed(spec.ports()))
                .withHostConfig(hostConfig());
        if (endsWithHost()) {
            command.withStdinOpen(true).withStdInOnce(true).withAttachStdin(true);
        }
        return command;
    }

    private String keeping() {
        String keeping = endsWithHost() ? WHILE_HOST_LIVES : FOR_EVER;
        // where it has the same user as the commands, asking those to end must not end it
        return spec.kernelCapabilities().isEmpty() ? keeping : "trap '' TERM; " + keeping;
    }

    /** Who runs commands in a container that another JVM made; nothing for one that we did not make. */
    static Optional<String> userOf(String @Nullable [] arguments) {
        return arguments != null && arguments.length == 2 && arguments[0].equals(CALLED)
                ? Optional.of(arguments[1])
                : Optional.empty();
    }

    private String keeper() {
        if (!spec.kernelCapabilities().isEmpty()) {
            // an engine gives capabilities to commands only if the container's own user has them
            return "0:0";
        }
        return user().startsWith(KEEPER.substring(0, 5)) ? OTHER_KEEPER : KEEPER;
    }

    private List<String> environment() {
        Map<String, String> all = new TreeMap<>(Map.of(
                "HOME", SandboxSpec.WORKSPACE,
                "TMPDIR", "/tmp",
                "XDG_CACHE_HOME", SandboxSpec.WORKSPACE + "/.cache",
                "npm_config_cache", SandboxSpec.WORKSPACE + "/.cache/npm",
                "PIP_CACHE_DIR", SandboxSpec.WORKSPACE + "/.cache/pip"));
        all.putAll(request.environment());
        List<String> environment = new ArrayList<>();
        all.forEach((name, value) -> environment.add(name + "=" + value));
        return environment;
    }

    private HostConfig hostConfig() {
        long memory = spec.memory().orElse(defaults.memory()).bytes();
        // files in memory are never taken back: full ones must leave enough for the sandbox to go on
        long tmp = spec.tmpSize()
                .map(MemorySize::bytes)
                .orElse(Math.min(defaults.tmpSize().bytes(), memory / 2));
        long shared = Math.min(SHARED_MEMORY.bytes(), memory / 4);
        List<Mount> mounts = new ArrayList<>(hostMounts);
        mounts.add(workspace());
        HostConfig config = HostConfig.newHostConfig()
                .withAutoRemove(endsWithHost())
                .withCapDrop(Capability.ALL)
                .withSecurityOpts(List.of("no-new-privileges"))
                .withPrivileged(false)
                .withInit(true)
                .withPidsLimit((long) spec.maxProcesses().orElse(defaults.maxProcesses()))
                .withMemory(memory)
                .withMemorySwap(memory)
                .withNanoCPUs((long) (spec.cpus().orElse(defaults.cpus()) * 1e9))
                .withUlimits(List.of(openFiles(), new Ulimit("core", 0L, 0L)))
                .withReadonlyRootfs(!spec.writableRoot())
                .withTmpFs(Map.of("/tmp", "rw,exec,nosuid,nodev,mode=1777,size=" + tmp))
                .withShmSize(shared)
                .withMounts(mounts)
                .withNetworkMode(spec.network() instanceof Network.Full ? "bridge" : "none")
                .withPortBindings(PublishedPorts.bindings(spec.ports()))
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE))
                .withRestartPolicy(RestartPolicy.noRestart())
                .withIpcMode("private")
                .withCgroupnsMode("private");
        if (!spec.kernelCapabilities().isEmpty()) {
            config.withCapAdd(
                    spec.kernelCapabilities().stream().map(Capability::valueOf).toArray(Capability[]::new));
        }
        String runtime = spec.runtime().isPresent() ? spec.runtime().get() : defaults.runtime();
        if (runtime != null) {
            config.withRuntime(runtime);
        }
        return config;
    }

    private Ulimit openFiles() {
        if (spec.maxOpenFiles().isPresent()) {
            long files = spec.maxOpenFiles().getAsInt();
            return new Ulimit("nofile", files, files);
        }
        return new Ulimit("nofile", (long) Defaults.OPEN_FILES_SOFT, (long) Defaults.OPEN_FILES_HARD);
    }

    /**
     * The workspace's volume, made together with the container. A container that removes itself takes only volumes without
     * a name along, so one that ends with its host has such a one.
     */
    private Mount workspace() {
        VolumeOptions options = new VolumeOptions().withLabels(identity.labels(request.createdAt()));
        spec.disk()
                .ifPresent(disk -> options.withDriverConfig(new Driver()
                        .withName("local")
                        .withOptions(Map.of(
                                "type",
                                "tmpfs",
                                "device",
                                "tmpfs",
                                "o",
                                "size=" + disk.bytes() + ",nosuid,nodev,mode=0755" + owner()))));
        Mount mount = new Mount()
                .withType(MountType.VOLUME)
                .withTarget(SandboxSpec.WORKSPACE)
                .withVolumeOptions(options);
        return endsWithHost() ? mount : mount.withSource(identity.volume());
    }

    /** Only numbers mean something to the engine's host. */
    private String owner() {
        String[] parts = user().split(":", 2);
        String uid = NUMBER.matcher(parts[0]).matches() ? ",uid=" + parts[0] : "";
        return parts.length == 2 && NUMBER.matcher(parts[1]).matches() ? uid + ",gid=" + parts[1] : uid;
    }
}

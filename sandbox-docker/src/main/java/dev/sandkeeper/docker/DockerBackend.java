package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.DockerException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sandboxes as containers of a Docker engine, 20.10 or newer. Thread-safe.
 *
 * <p><b>The engine</b> is found as the {@code docker} command finds it: {@code DOCKER_HOST}, else the context that
 * {@code DOCKER_CONTEXT} or {@code ~/.docker/config.json} names, else {@code /var/run/docker.sock}. Unix sockets, TCP and
 * TLS 1.3 are built; {@code ssh://} and {@code npipe://} are refused. It is first asked when it is first needed.
 *
 * <p><b>A sandbox</b> is a container named {@code sandkeeper-<deployment>-<sandbox id>} with a volume at
 * {@code /workspace}, both labelled. Without a word in the spec it has: the image {@code python:3.13-slim}, fetched if the
 * engine lacks it; user 1000:1000; no network; all capabilities dropped and no new privileges; a read-only root; 512 MB of
 * memory with swap; 1 processor; 256 processes; 1,024 open files (4,096 hard); {@code /tmp} of 256 MB in memory, at
 * most half of the sandbox's unless the spec says otherwise; HOME and caches in the workspace, TMPDIR in {@code /tmp}.
 * {@code Network.full()} is the engine's ordinary bridge.
 * {@code disk(...)} makes the workspace memory, which counts against the memory limit. The image needs {@code sh},
 * {@code cat} and {@code sleep}. {@code docker run --privileged} has no equivalent here, and no host mount may reach the
 * engine's socket. {@code kernelCapability(...)} needs {@code user("root")}, and such commands can end their own sandbox.
 * Where this JVM is root on the engine's own host it gives the volume to the sandbox's user itself, because an engine takes as
 * long for that as for starting a process; elsewhere it has the engine do it.
 *
 * <p><b>The environment</b> of a spec, secrets included, is kept by the engine with the container, because another JVM that
 * connects needs it: whoever may use the engine can read it. That of a single command is not kept beyond the command.
 *
 * <p><b>A terminal</b> is the engine's, of an exec of its own. A program can bring its own terminal to a halt, and with it the
 * word that the program has ended: then its deadline or {@code end} ends it. The key Ctrl-^ is passed on with the next one.
 *
 * <p><b>What it does not give.</b> The default runtime shares the host's kernel. Programs of one sandbox that run as the
 * same user can disturb each other, and with that the exit codes and deadlines of each other, but nothing outside; a
 * program that defends itself against its end may take other commands of its user, or the whole sandbox, with it.
 */
public final class DockerBackend implements SandboxBackend {
    private static final Logger LOG = LoggerFactory.getLogger(DockerBackend.class);

    private static final Set<Capability> ANYWHERE = EnumSet.of(
            Capability.PROCESS_LIFETIME,
            Capability.PAUSE,
            Capability.FULL_NETWORK,
            Capability.MEMORY_LIMIT,
            Capability.CPU_LIMIT,
            Capability.PROCESS_LIMIT,
            Capability.DISK_LIMIT,
            Capability.WRITABLE_ROOT,
            Capability.BACKGROUND,
            Capability.TERMINAL,
            Capability.PORTS,
            Capability.SANDBOX_USER,
            Capability.COMMAND_USER,
            Capability.KERNEL_CAPABILITIES,
            Capability.RUNTIME);

    private static final Pattern REF = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,254}");

    private final String name;
    private final Defaults defaults;
    private final Engine engine;
    private final Inventory inventory;
    private final Removal removal;
    private final HostVolumes volumes;
    private final Set<Capability> capabilities;
    private final SpecCheck specCheck;
    private final Set<DockerSandbox> open = ConcurrentHashMap.newKeySet();

    private DockerBackend(String name, EngineAddress address, Path configuration, Defaults defaults) {
        this.name = name;
        this.defaults = defaults;
        this.engine = new Engine(address, configuration, defaults.callTimeout(), name);
        this.inventory = new Inventory(engine);
        this.removal = new Removal(engine, inventory);
        this.volumes = address.socket() == null ? HostVolumes.none() : new HostVolumes();
        EnumSet<Capability> all = EnumSet.copyOf(ANYWHERE);
        if (address.socket() != null) {
            // paths of this host mean something to an engine on it only
            all.add(Capability.HOST_MOUNTS);
        }
        this.capabilities = Set.copyOf(all);
        this.specCheck = new SpecCheck(defaults, address, engine.faults(), capabilities);
    }

    /**
     * The engine that the {@code docker} command would use, with all defaults.
     *
     * @return a new backend; nothing is asked yet
     * @throws dev.sandkeeper.BackendRejectedException if the configuration names an engine that cannot be used
     */
    public static DockerBackend create() {
        return builder().build();
    }

    /**
     * Starts a backend; everything has a default.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Capability> capabilities() {
        return capabilities;
    }

    @Override
    public void validate(SandboxSpec spec) {
        specCheck.check(spec);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Ends within the spec's {@code createTimeout}, and a few calls' timeouts for removing what was made if it fails.
     */
    @Override
    public BackendSandbox create(ProvisionRequest request) {
        Identity identity = new Identity(request.deployment(), request.sandboxId());
        ContainerPlan plan = new ContainerPlan(
                request, identity, defaults, HostMounts.of(request.spec(), engine.address(), engine.faults()));
        DockerSandbox sandbox = new Creation(
                        engine,
                        inventory,
                        removal,
                        volumes,
                        plan,
                        identity,
                        request.spec().createTimeout(),
                        request.progress())
                .run();
        return kept(sandbox);
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        return inventory.find(new Identity(deployment, sandboxId));
    }

    @Override
    public ProviderState state(String providerRef) {
        try {
            return inventory.inspect(checked(providerRef)).map(Inventory::state).orElse(ProviderState.GONE);
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            return ProviderState.UNKNOWN;
        }
    }

    /**
     * {@inheritDoc}
     *
     * @param providerRef its name, or the name or id of any container, which then runs commands as its own user
     */
    @Override
    public BackendSandbox attach(String providerRef) {
        InspectContainerResponse container = inventory
                .inspect(checked(providerRef))
                .orElseThrow(() -> engine.faults().gone(providerRef, "the engine does not have it"));
        ProviderState state = Inventory.state(container);
        if (state != ProviderState.PRESENT && state != ProviderState.PAUSED) {
            throw engine.faults()
                    .gone(providerRef, "it is " + container.getState().getStatus());
        }
        String user = ContainerPlan.userOf(container.getConfig().getCmd()).orElse(null);
        return kept(new DockerSandbox(engine, inventory, providerRef, container.getId(), user, null));
    }

    /**
     * {@inheritDoc}
     *
     * <p>A container's first process is not asked: with it the container would end. In one that was adopted that may be the
     * application itself.
     */
    @Override
    public boolean terminate(String providerRef, Duration grace) {
        ProviderState state =
                inventory.inspect(checked(providerRef)).map(Inventory::state).orElse(ProviderState.GONE);
        if (state == ProviderState.PAUSED) {
            resume(providerRef);
        }
        if (state == ProviderState.GONE) {
            return true;
        }
        try (DockerSandbox connection = (DockerSandbox) attach(providerRef)) {
            return connection.terminate(grace);
        } catch (SandboxGoneException e) {
            LOG.debug("{} has ended meanwhile", providerRef, e);
            return true;
        }
    }

    @Override
    public void destroy(String providerRef) {
        removal.destroy(checked(providerRef));
    }

    @Override
    public void pause(String providerRef) {
        String what = "pause container " + providerRef;
        List<DockerSandbox> held = new ArrayList<>();
        try {
            for (DockerSandbox sandbox : open) {
                if (sandbox.providerRef().equals(providerRef)) {
                    sandbox.beforePause();
                    held.add(sandbox);
                }
            }
            InspectContainerResponse container = inventory
                    .inspect(checked(providerRef))
                    .orElseThrow(() -> engine.faults().gone(providerRef, "the engine does not have it"));
            if (Boolean.TRUE.equals(container.getHostConfig().getAutoRemove())) {
                throw engine.faults()
                        .rejected(
                                "pause_excluded",
                                "container " + providerRef + " ends with its JVM, which a paused one could not",
                                "Create it with Lifetime.STORE");
            }
            if (Inventory.state(container) != ProviderState.PAUSED) {
                engine.run(
                        what,
                        client -> client.pauseContainerCmd(container.getId()).exec());
            }
        } catch (DockerException e) {
            settle(providerRef, ProviderState.PAUSED, what, e);
        } finally {
            held.forEach(DockerSandbox::afterPause);
        }
    }

    @Override
    public void resume(String providerRef) {
        String what = "resume container " + providerRef;
        try {
            engine.run(
                    what,
                    client -> client.unpauseContainerCmd(checked(providerRef)).exec());
        } catch (DockerException e) {
            settle(providerRef, ProviderState.PRESENT, what, e);
        }
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        return inventory.owned(deployment);
    }

    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        return new UsageReader(engine, inventory).read(checked(providerRef));
    }

    @Override
    public BackendHealth health() {
        try {
            String greeting = engine.greeting();
            engine.run("ask the engine how it is", client -> client.pingCmd().exec());
            return new BackendHealth(true, greeting);
        } catch (SandboxException | DockerException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        open.forEach(DockerSandbox::close);
        open.clear();
        engine.close();
    }

    private DockerSandbox kept(DockerSandbox sandbox) {
        open.add(sandbox);
        sandbox.onClose(() -> open.remove(sandbox));
        return sandbox;
    }

    /** A refusal is none if the container is in the wanted state all the same. */
    private void settle(String providerRef, ProviderState wanted, String what, DockerException e) {
        ProviderState now = state(providerRef);
        if (now == ProviderState.GONE) {
            throw engine.faults().gone(providerRef, "it has ended");
        }
        if (now != wanted) {
            throw engine.faults().refused(what, e);
        }
    }

    /** What goes into a path must not lead elsewhere in the engine's API. */
    private String checked(String providerRef) {
        if (!REF.matcher(providerRef).matches()) {
            throw engine.faults()
                    .rejected(
                            "provider_ref_invalid",
                            "\"" + providerRef + "\" is not the name or id of a container",
                            "Use a name as \"docker ps\" shows it");
        }
        return providerRef;
    }

    /** Collects a backend. Each setter checks its own argument and names it. Not thread-safe. */
    public static final class Builder {
        private String name = "docker";
        private @Nullable String host;
        private String image = "python:3.13-slim";
        private MemorySize memory = MemorySize.megabytes(512);
        private double cpus = 1;
        private int maxProcesses = 256;
        private MemorySize tmpSize = MemorySize.megabytes(256);
        private @Nullable String runtime;
        private Duration callTimeout = Duration.ofMinutes(1);

        private Builder() {}

        /**
         * Names the backend, where a manager has several.
         *
         * @param name 1 to 64 letters, digits, dots, underscores and hyphens; default {@code docker}
         * @return this builder
         */
        public Builder name(String name) {
            if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
                throw new IllegalArgumentException("name must be 1 to 64 of [A-Za-z0-9._-]: \"" + name + "\"");
            }
            this.name = name;
            return this;
        }

        /**
         * Names the engine, whatever the environment says. TLS is used as the environment says: DOCKER_TLS_VERIFY and
         * DOCKER_CERT_PATH.
         *
         * @param address {@code unix:///path} or {@code tcp://host:port}
         * @return this builder
         */
        public Builder host(String address) {
            this.host = Objects.requireNonNull(address, "host");
            return this;
        }

        /**
         * Sets the image of specs that name none.
         *
         * @param image its name or id; default {@code python:3.13-slim}
         * @return this builder
         */
        public Builder defaultImage(String image) {
            if (!ImageName.isValid(image)) {
                throw new IllegalArgumentException("defaultImage is not the name or id of an image: \"" + image + "\"");
            }
            this.image = image;
            return this;
        }

        /**
         * Sets the memory of specs that name none.
         *
         * @param limit with swap; default 512 MB
         * @return this builder
         */
        public Builder defaultMemory(MemorySize limit) {
            this.memory = Objects.requireNonNull(limit, "defaultMemory");
            return this;
        }

        /**
         * Sets the processor time of specs that name none.
         *
         * @param count in processors, from 0.01 to 1,024; default 1
         * @return this builder
         */
        public Builder defaultCpus(double count) {
            if (!(count >= 0.01 && count <= 1024)) {
                throw new IllegalArgumentException("defaultCpus must be from 0.01 to 1024: " + count);
            }
            this.cpus = count;
            return this;
        }

        /**
         * Sets the limit on processes of specs that name none.
         *
         * @param count from 24 to 4,194,304; default 256
         * @return this builder
         */
        public Builder defaultMaxProcesses(int count) {
            if (count < SpecCheck.LEAST_PROCESSES || count > 4_194_304) {
                throw new IllegalArgumentException(
                        "defaultMaxProcesses must be from " + SpecCheck.LEAST_PROCESSES + " to 4194304: " + count);
            }
            this.maxProcesses = count;
            return this;
        }

        /**
         * Sets the runtime of specs that demand none. A create fails where the engine lacks it.
         *
         * @param name such as {@code runsc}; null, the default, for the engine's own
         * @return this builder
         */
        public Builder runtime(@Nullable String name) {
            this.runtime = name;
            return this;
        }

        /**
         * Bounds how long the engine may take to answer one call. Fetching an image is bounded by a spec's
         * {@code createTimeout} instead.
         *
         * @param time more than zero; default 1 minute
         * @return this builder
         */
        public Builder callTimeout(Duration time) {
            if (time.isZero() || time.isNegative()) {
                throw new IllegalArgumentException("callTimeout must be more than 0: " + time);
            }
            this.callTimeout = time;
            return this;
        }

        /**
         * Finishes the backend. Nothing is asked of the engine yet.
         *
         * @return the backend, to be closed
         * @throws dev.sandkeeper.BackendRejectedException if the configuration names an engine that cannot be used
         */
        public DockerBackend build() {
            EngineDiscovery discovery =
                    new EngineDiscovery(System.getenv(), Path.of(System.getProperty("user.home", "/")));
            EngineAddress address = host == null ? discovery.find() : discovery.of(host);
            return new DockerBackend(
                    name,
                    address,
                    discovery.configuration(),
                    new Defaults(image, memory, cpus, maxProcesses, tmpSize, runtime, callTimeout));
        }
    }
}

package dev.sandkeeper.local;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Sandboxes on this Linux host, by bubblewrap and the namespaces of the kernel: no daemon, no image, no account. Needs the
 * packages {@code bubblewrap} and {@code util-linux}; where they or the namespaces are missing, {@link #create(ProvisionRequest)}
 * and {@link #health()} name the remedy. Nothing ever runs unisolated. Like any container, these sandboxes share the kernel of
 * the host: a hole in the kernel is a hole in them.
 *
 * <p><b>What a sandbox sees.</b> The host's {@code /usr} with {@code /bin}, {@code /lib} and the like and a few public files of
 * {@code /etc}, read-only; or, as {@link SandboxSpec#image()}, the absolute path of a directory with a root file system. Its own
 * {@code /workspace} (HOME), {@code /tmp} (256 MB of memory, at most
 * half of the sandbox's, unless the spec says otherwise), {@code /dev} and {@code /proc}.
 * Commands run as user 1000 without capabilities, under a filter of system calls on x86-64 and aarch64. There is no network but loopback, unless {@link dev.sandkeeper.Network#hostNetwork()} was asked for.
 *
 * <p><b>How commands run.</b> By shells that stay in the sandbox while it is connected, up to 8 and opened when they are needed, each
 * in a process namespace of its own and one command after another; the channel is {@code shell} then. A command with a
 * stream of input, with {@link dev.sandkeeper.Command.Builder#freshExec()} or with more text than 128 KB, one in the background and
 * all commands of an image without {@code setsid} get a process namespace of their own, which takes some ten times as long; that
 * channel is {@code exec}. A shell whose command has left processes behind is not used again. Shells beyond the first take 4
 * of the sandbox's processes each.
 *
 * <p><b>What a sandbox is on the host.</b> A directory {@code <state>/<deployment>/<id>} and a process that keeps the
 * namespaces, which outlives this JVM unless its lifetime is PROCESS; any JVM of the same user can connect to it. It does not
 * survive the host's restart. A host application that is root has each sandbox run as an unprivileged user of its own. Under
 * systemd, {@code KillMode=process} lets sandboxes survive a restart of the service.
 *
 * <p><b>Limits.</b> Memory, processor time and processes are limited by control groups where this JVM may make some, and the
 * capabilities say so: 512 MB, 1 processor and 256 processes unless a spec or the builder says otherwise. Processes are
 * limited without them, too, where the JVM is root or the kernel is at least 5.14. Where memory cannot be limited, a process gets
 * at most 4 GB of address space. A process has at most 1,024 open files and dumps no core.
 * {@link SandboxSpec#disk()} puts the workspace into memory, of which it is a part.
 *
 * <p>Safe from many threads, and together with other JVMs on the same state directory. A call takes at most 30 seconds.
 */
public final class LocalBackend implements SandboxBackend {
    private final Settings settings;
    private final Failures failures;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Engine engine;
    private boolean closed;

    private LocalBackend(Settings settings) {
        this.settings = settings;
        this.failures = new Failures(settings.name());
    }

    /**
     * Uses this host with all defaults.
     *
     * @return a backend with the name {@code local}
     */
    public static LocalBackend create() {
        return builder().build();
    }

    /**
     * Starts a backend that differs from the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public String name() {
        return settings.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return engine().capabilities();
    }

    @Override
    public void validate(SandboxSpec spec) {
        engine().rules().check(spec);
    }

    /**
     * {@inheritDoc}
     *
     * @throws BackendRejectedException if this host cannot isolate; names the remedy
     */
    @Override
    public BackendSandbox create(ProvisionRequest request) {
        Engine ready = engine();
        ready.rules().check(request.spec());
        failures.checkInterrupt("creating a sandbox", request.sandboxId());
        ready.support().require();
        return ready.sandboxes().create(request);
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        SandboxRef ref = SandboxRef.of(deployment, sandboxId);
        failures.checkInterrupt("looking for a sandbox", sandboxId);
        return engine().sandboxes().exists(ref) ? Optional.of(ref.toString()) : Optional.empty();
    }

    @Override
    public ProviderState state(String providerRef) {
        return SandboxRef.parse(providerRef)
                .map(ref -> engine().sandboxes().state(ref))
                .orElse(ProviderState.GONE);
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        SandboxRef ref = SandboxRef.parse(providerRef).orElseThrow(() -> failures.gone(null));
        failures.checkInterrupt("connecting to a sandbox", ref.id());
        return engine().sandboxes().attach(ref);
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        Optional<SandboxRef> ref = SandboxRef.parse(providerRef);
        ref.ifPresent(each -> failures.checkInterrupt("ending what runs in a sandbox", each.id()));
        return ref.isEmpty() || engine().sandboxes().terminate(ref.get(), grace);
    }

    @Override
    public void destroy(String providerRef) {
        SandboxRef.parse(providerRef).ifPresent(ref -> {
            failures.checkInterrupt("destroying a sandbox", ref.id());
            engine().sandboxes().destroy(ref);
        });
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        failures.checkInterrupt("listing sandboxes", null);
        return engine().sandboxes().list(deployment);
    }

    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        return SandboxRef.parse(providerRef).map(ref -> engine().sandboxes().usage(ref));
    }

    @Override
    public BackendHealth health() {
        try {
            Engine ready = engine();
            ready.support().require();
            return new BackendHealth(true, ready.describe());
        } catch (SandboxException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (engine != null) {
                engine.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** What the host offers is found out at the first use, so that an application can be wired on a host without it. */
    private Engine engine() {
        lock.lock();
        try {
            if (closed) {
                throw failures.closed("the backend");
            }
            if (engine == null) {
                engine = Engine.start(settings, failures);
            }
            return engine;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return "LocalBackend[" + settings.name() + ", " + settings.stateDirectory() + "]";
    }

    /** Collects what a local backend needs to know. Each setter checks its own argument and names it. Not thread-safe. */
    public static final class Builder {
        private String name = "local";
        private @Nullable Path stateDirectory;
        private int firstUid = 1_900_000_000;
        private int uidCount = 65_536;
        private MemorySize memory = MemorySize.megabytes(512);
        private double cpus = 1;
        private int maxProcesses = 256;

        private Builder() {}

        /**
         * Names the backend.
         *
         * @param name 1 to 64 characters, the same at every start of the application; default {@code local}
         * @return this builder
         */
        public Builder name(String name) {
            if (name.isBlank() || name.length() > 64) {
                throw new IllegalArgumentException("name must have 1 to 64 characters: \"" + name + "\"");
            }
            this.name = name;
            return this;
        }

        /**
         * Chooses where sandboxes are kept. All JVMs that share a store must share this directory.
         *
         * @param directory absolute path on a local file system; made if it is not there. Default
         *     {@code /var/lib/sandkeeper} for root, else {@code sandkeeper} in {@code $XDG_STATE_HOME} or
         *     {@code ~/.local/state}
         * @return this builder
         */
        public Builder stateDirectory(Path directory) {
            if (!directory.isAbsolute()) {
                throw new IllegalArgumentException("stateDirectory must be absolute: " + directory);
            }
            this.stateDirectory = directory;
            return this;
        }

        /**
         * Chooses the users of the host that sandboxes of a root application run as, one each. Ignored for an ordinary user.
         *
         * @param first the first number, from 1,000 on; default 1,900,000,000
         * @param count how many, at least 1; default 65,536
         * @return this builder
         */
        public Builder uidRange(int first, int count) {
            if (first < 1000 || count < 1 || first > Integer.MAX_VALUE - count) {
                throw new IllegalArgumentException(
                        "uidRange must start at 1000 or above and end below 2^31: " + first + ", " + count);
            }
            this.firstUid = first;
            this.uidCount = count;
            return this;
        }

        /**
         * Sets the memory of sandboxes whose spec names none.
         *
         * @param limit default 512 MB
         * @return this builder
         */
        public Builder memory(MemorySize limit) {
            this.memory = Objects.requireNonNull(limit, "memory");
            return this;
        }

        /**
         * Sets the processor time of sandboxes whose spec names none.
         *
         * @param count in processors, from 0.01 to 1,024; default 1
         * @return this builder
         */
        public Builder cpus(double count) {
            if (!(count >= 0.01 && count <= 1024)) {
                throw new IllegalArgumentException("cpus must be from 0.01 to 1024: " + count);
            }
            this.cpus = count;
            return this;
        }

        /**
         * Sets the processes of sandboxes whose spec names none.
         *
         * @param count from 1 to 4,194,304; default 256
         * @return this builder
         */
        public Builder maxProcesses(int count) {
            if (count < 1 || count > 4_194_304) {
                throw new IllegalArgumentException("maxProcesses must be from 1 to 4194304: " + count);
            }
            this.maxProcesses = count;
            return this;
        }

        /**
         * Finishes the backend. Nothing of the host is looked at before it is used.
         *
         * @return the backend
         */
        public LocalBackend build() {
            Path directory = stateDirectory == null ? Engine.defaultStateDirectory() : stateDirectory;
            return new LocalBackend(new Settings(name, directory, firstUid, uidCount, memory, cpus, maxProcesses));
        }
    }
}

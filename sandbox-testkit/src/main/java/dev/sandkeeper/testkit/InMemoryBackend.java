package dev.sandkeeper.testkit;

import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A backend for tests whose sandboxes are simulated in an {@link InMemoryProvider}. It isolates nothing and must never run
 * untrusted code; what commands it knows is little: {@code sh -c} with lists, redirections, variables, traps and background
 * jobs, and {@code cat chmod echo env false head id kill ln mkdir printf pwd rm setsid sleep test touch true wc}.
 *
 * <p>It has every capability but {@code PORTS} unless told otherwise; of the limits it keeps only {@code disk}. An image whose name starts with
 * {@code missing} does not exist. A snapshot holds the files. Every call answers within a second, but {@link #destroy} may wait 5 seconds for processes.
 */
public final class InMemoryBackend implements SandboxBackend {
    private final InMemoryProvider provider;
    private final String name;
    private final Set<Capability> capabilities;
    private final Duration createSettlesWithin;
    private final Set<InMemorySandbox> open = new HashSet<>();
    private boolean closed;

    private InMemoryBackend(Builder b) {
        provider = b.provider;
        name = b.name;
        capabilities = Set.copyOf(b.capabilities);
        createSettlesWithin = b.createSettlesWithin;
    }

    /**
     * A backend over a provider of its own, in real time.
     *
     * @return the backend, named {@code memory}
     */
    public static InMemoryBackend create() {
        return over(InMemoryProvider.create());
    }

    /**
     * A backend over a provider that others may use too.
     *
     * @param provider the provider
     * @return the backend, named {@code memory}
     */
    public static InMemoryBackend over(InMemoryProvider provider) {
        return builder(provider).build();
    }

    /**
     * A backend over a provider that runs in a process of its own, such as {@link ProviderProcess}. When this JVM ends, however,
     * the provider ends its commands and its sandboxes of PROCESS lifetime at once.
     *
     * @param port where the provider serves on the loopback interface
     * @return the backend, named as the provider's
     * @throws dev.sandkeeper.BackendUnavailableException if nothing answers there
     */
    public static SandboxBackend connect(int port) {
        return new RemoteBackend(port);
    }

    /**
     * Starts a backend that differs from the default.
     *
     * @param provider the provider
     * @return a new builder
     */
    public static Builder builder(InMemoryProvider provider) {
        return new Builder(provider);
    }

    /** Collects a backend. Not thread-safe. */
    public static final class Builder {
        private final InMemoryProvider provider;
        private final Set<Capability> capabilities = EnumSet.complementOf(EnumSet.of(Capability.PORTS));
        private String name = "memory";
        private Duration createSettlesWithin = Duration.ofMinutes(1);

        private Builder(InMemoryProvider provider) {
            this.provider = provider;
        }

        /**
         * Gives it another name.
         *
         * @param name 1 to 64 characters
         * @return this builder
         */
        public Builder name(String name) {
            this.name = name;
            return this;
        }

        /**
         * Takes a capability away, so that what needs it is refused.
         *
         * @param capability which one
         * @return this builder
         */
        public Builder without(Capability capability) {
            capabilities.remove(capability);
            return this;
        }

        /**
         * Sets what {@link SandboxBackend#createSettlesWithin()} answers.
         *
         * @param time default 1 minute
         * @return this builder
         */
        public Builder createSettlesWithin(Duration time) {
            this.createSettlesWithin = time;
            return this;
        }

        /**
         * Finishes the backend.
         *
         * @return the backend
         */
        public InMemoryBackend build() {
            return new InMemoryBackend(this);
        }
    }

    /**
     * The provider, as a witness.
     *
     * @return the one it was made over
     */
    public InMemoryProvider provider() {
        return provider;
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
        SpecRules.check(name, capabilities, spec);
    }

    @Override
    public BackendSandbox create(ProvisionRequest request) {
        enter("create");
        validate(request.spec());
        return opened(provider.create(request), true);
    }

    @Override
    public Duration createSettlesWithin() {
        return createSettlesWithin;
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        enter("find");
        return provider.find(deployment, sandboxId);
    }

    @Override
    public ProviderState state(String providerRef) {
        enter("state");
        return provider.state(providerRef);
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        enter("attach");
        return opened(providerRef, false);
    }

    private InMemorySandbox opened(String providerRef, boolean creator) {
        InMemorySandbox sandbox = new InMemorySandbox(
                provider, providerRef, capabilities, creator && provider.endsWithItsJvm(providerRef), this::forget);
        synchronized (open) {
            open.add(sandbox);
        }
        return sandbox;
    }

    private void forget(InMemorySandbox sandbox) {
        synchronized (open) {
            open.remove(sandbox);
        }
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        enter("terminate");
        return provider.terminate(providerRef, grace);
    }

    @Override
    public void destroy(String providerRef) {
        enter("destroy");
        provider.destroy(providerRef);
    }

    @Override
    public Instant extend(String providerRef, Instant until) {
        SpecRules.require(name, capabilities, Capability.PROVIDER_EXPIRY);
        enter("extend");
        return provider.extend(providerRef, until);
    }

    @Override
    public void pause(String providerRef) {
        SpecRules.require(name, capabilities, Capability.PAUSE);
        enter("pause");
        provider.setPaused(providerRef, true);
    }

    @Override
    public void resume(String providerRef) {
        SpecRules.require(name, capabilities, Capability.PAUSE);
        enter("resume");
        provider.setPaused(providerRef, false);
    }

    /** Copies the files at once; the commands of the first sandbox are not in it. */
    @Override
    public Snapshot snapshot(String deployment, String providerRef, String snapshotName) {
        SpecRules.require(name, capabilities, Capability.SNAPSHOT);
        enter("snapshot");
        return provider.snapshot(name, deployment, providerRef, snapshotName);
    }

    @Override
    public List<Snapshot> snapshots(String deployment) {
        SpecRules.require(name, capabilities, Capability.SNAPSHOT);
        enter("snapshots");
        return provider.snapshots(deployment);
    }

    @Override
    public void deleteSnapshot(String deployment, String image) {
        SpecRules.require(name, capabilities, Capability.SNAPSHOT);
        enter("deleteSnapshot");
        provider.deleteSnapshot(deployment, image);
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        enter("listOwned");
        return provider.list(deployment);
    }

    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        enter("usage");
        return provider.findMachine(providerRef)
                .map(machine -> new ResourceUsage(null, null, null, machine.diskBytes()));
    }

    @Override
    public BackendHealth health() {
        return new BackendHealth(true, "in memory, no isolation");
    }

    @Override
    public void close() {
        Set<InMemorySandbox> left;
        synchronized (open) {
            closed = true;
            left = Set.copyOf(open);
        }
        left.forEach(InMemorySandbox::close);
    }

    private void enter(String call) {
        if (Thread.currentThread().isInterrupted()) {
            throw new SandboxInterruptedException(
                    Failure.of("interrupted", "interrupted before " + call).backend(name));
        }
        synchronized (open) {
            if (closed) {
                throw new HandleClosedException(Failure.of("backend_closed", "the backend is closed: " + call)
                        .backend(name)
                        .remedy("Make another one"));
            }
        }
    }
}

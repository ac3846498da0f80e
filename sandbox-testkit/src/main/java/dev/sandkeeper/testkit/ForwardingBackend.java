package dev.sandkeeper.testkit;

import dev.sandkeeper.SandboxId;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Another backend, with something changed: passes every call on, so that a subclass overrides just what it wants to go otherwise.
 * As safe from many threads as what it stands before.
 */
public class ForwardingBackend implements SandboxBackend {
    /** Where calls go. */
    final SandboxBackend delegate;

    /**
     * Stands before a backend.
     *
     * @param delegate where calls go; closed with this
     */
    protected ForwardingBackend(SandboxBackend delegate) {
        this.delegate = delegate;
    }

    @Override
    public String name() {
        return delegate.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return delegate.capabilities();
    }

    @Override
    public void validate(SandboxSpec spec) {
        delegate.validate(spec);
    }

    @Override
    public BackendSandbox create(ProvisionRequest request) {
        return delegate.create(request);
    }

    @Override
    public Duration createSettlesWithin() {
        return delegate.createSettlesWithin();
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        return delegate.find(deployment, sandboxId);
    }

    @Override
    public ProviderState state(String providerRef) {
        return delegate.state(providerRef);
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        return delegate.attach(providerRef);
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        return delegate.terminate(providerRef, grace);
    }

    @Override
    public void destroy(String providerRef) {
        delegate.destroy(providerRef);
    }

    @Override
    public Duration expiryHorizon() {
        return delegate.expiryHorizon();
    }

    @Override
    public Instant extend(String providerRef, Instant until) {
        return delegate.extend(providerRef, until);
    }

    @Override
    public Optional<Instant> latestEnd(String providerRef) {
        return delegate.latestEnd(providerRef);
    }

    @Override
    public void pause(String providerRef) {
        delegate.pause(providerRef);
    }

    @Override
    public void resume(String providerRef) {
        delegate.resume(providerRef);
    }

    @Override
    public Snapshot snapshot(String deployment, String providerRef, String name) {
        return delegate.snapshot(deployment, providerRef, name);
    }

    @Override
    public List<Snapshot> snapshots(String deployment) {
        return delegate.snapshots(deployment);
    }

    @Override
    public void deleteSnapshot(String deployment, String image) {
        delegate.deleteSnapshot(deployment, image);
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        return delegate.listOwned(deployment);
    }

    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        return delegate.usage(providerRef);
    }

    @Override
    public BackendHealth health() {
        return delegate.health();
    }

    @Override
    public void close() {
        delegate.close();
    }
}

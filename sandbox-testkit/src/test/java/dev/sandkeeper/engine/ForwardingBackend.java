package dev.sandkeeper.engine;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Passes everything on, so that a test overrides just what it wants to go wrong. */
class ForwardingBackend implements SandboxBackend {
    private final SandboxBackend backend;

    ForwardingBackend(SandboxBackend backend) {
        this.backend = backend;
    }

    @Override
    public String name() {
        return backend.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return backend.capabilities();
    }

    @Override
    public void validate(SandboxSpec spec) {
        backend.validate(spec);
    }

    @Override
    public BackendSandbox create(ProvisionRequest request) {
        return backend.create(request);
    }

    @Override
    public Duration createSettlesWithin() {
        return backend.createSettlesWithin();
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        return backend.find(deployment, sandboxId);
    }

    @Override
    public ProviderState state(String providerRef) {
        return backend.state(providerRef);
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        return backend.attach(providerRef);
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        return backend.terminate(providerRef, grace);
    }

    @Override
    public void destroy(String providerRef) {
        backend.destroy(providerRef);
    }

    @Override
    public Duration expiryHorizon() {
        return backend.expiryHorizon();
    }

    @Override
    public Instant extend(String providerRef, Instant until) {
        return backend.extend(providerRef, until);
    }

    @Override
    public void pause(String providerRef) {
        backend.pause(providerRef);
    }

    @Override
    public void resume(String providerRef) {
        backend.resume(providerRef);
    }

    @Override
    public Snapshot snapshot(String deployment, String providerRef, String name) {
        return backend.snapshot(deployment, providerRef, name);
    }

    @Override
    public List<Snapshot> snapshots(String deployment) {
        return backend.snapshots(deployment);
    }

    @Override
    public void deleteSnapshot(String deployment, String image) {
        backend.deleteSnapshot(deployment, image);
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        return backend.listOwned(deployment);
    }

    @Override
    public BackendHealth health() {
        return backend.health();
    }

    @Override
    public void close() {
        backend.close();
    }
}

package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The in-memory backend over a provider in another process. Its first connection stays open: when it ends, the provider
 * knows that this JVM is gone, and ends what must end with it.
 */
final class RemoteBackend implements SandboxBackend {
    private final RemoteCalls calls;
    private final Wire session;
    private final long sessionId;
    private final String name;
    private final Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    private final Duration createSettlesWithin;
    private final AtomicBoolean closed = new AtomicBoolean();

    RemoteBackend(int port) {
        calls = new RemoteCalls(port);
        session = calls.open(Wire.Op.HELLO, wire -> {});
        try {
            sessionId = session.number();
            name = session.text();
            createSettlesWithin = Duration.ofNanos(session.number());
            session.texts().forEach(each -> capabilities.add(Capability.valueOf(each)));
            // the wire has no words for them
            capabilities.removeAll(Set.of(Capability.BACKGROUND, Capability.TERMINAL, Capability.SNAPSHOT));
        } catch (IOException e) {
            throw RemoteCalls.lost(Wire.Op.HELLO, e);
        }
    }

    static void send(Wire wire, ProvisionRequest request) throws IOException {
        SandboxSpec spec = request.spec();
        wire.text(request.deployment())
                .id(request.sandboxId())
                .instant(request.createdAt())
                .instant(request.expiresAt())
                .map(request.environment())
                .text(spec.lifetime().name())
                .text(spec.image().orElse(null))
                .text(spec.user().orElse(null))
                .number(spec.disk().map(MemorySize::bytes).orElse(-1L));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.copyOf(capabilities);
    }

    @Override
    public void validate(SandboxSpec spec) {
        SpecRules.check(name, capabilities, spec);
    }

    private RemoteCalls calls() {
        if (closed.get()) {
            throw new HandleClosedException(
                    Failure.of("backend_closed", "the backend is closed").backend(name));
        }
        return calls;
    }

    /** A provider that is lost after the request was sent leaves the outcome unknown. */
    @Override
    public BackendSandbox create(ProvisionRequest request) {
        validate(request.spec());
        try {
            return calls().call(
                            Wire.Op.CREATE,
                            wire -> send(wire.number(sessionId), request),
                            wire -> new RemoteSandbox(calls, sessionId, wire.number(), wire.text()));
        } catch (BackendUnavailableException e) {
            if (e.code().equals("provider_lost")) {
                throw new OutcomeUnknownException(Failure.of("provider_lost", "the answer to a create was lost")
                        .backend(name)
                        .sandbox(request.sandboxId())
                        .cause(e));
            }
            throw e;
        }
    }

    @Override
    public Duration createSettlesWithin() {
        return createSettlesWithin;
    }

    @Override
    public Optional<String> find(String deployment, SandboxId sandboxId) {
        return calls().call(
                        Wire.Op.FIND,
                        wire -> wire.text(deployment).id(sandboxId),
                        wire -> Optional.ofNullable(wire.textOrNull()));
    }

    @Override
    public ProviderState state(String providerRef) {
        try {
            return calls().call(
                            Wire.Op.STATE, wire -> wire.text(providerRef), wire -> ProviderState.valueOf(wire.text()));
        } catch (BackendUnavailableException e) {
            return ProviderState.UNKNOWN;
        }
    }

    @Override
    public BackendSandbox attach(String providerRef) {
        return calls().call(
                        Wire.Op.ATTACH,
                        wire -> wire.number(sessionId).text(providerRef),
                        wire -> new RemoteSandbox(calls, sessionId, wire.number(), wire.text()));
    }

    @Override
    public boolean terminate(String providerRef, Duration grace) {
        return calls().call(Wire.Op.TERMINATE, wire -> wire.text(providerRef).number(grace.toNanos()), Wire::flag);
    }

    @Override
    public void destroy(String providerRef) {
        calls().run(Wire.Op.DESTROY, wire -> wire.text(providerRef));
    }

    @Override
    public Instant extend(String providerRef, Instant until) {
        SpecRules.require(name, capabilities, Capability.PROVIDER_EXPIRY);
        return calls().call(Wire.Op.EXTEND, wire -> wire.text(providerRef).instant(until), Wire::instant);
    }

    @Override
    public void pause(String providerRef) {
        SpecRules.require(name, capabilities, Capability.PAUSE);
        calls().run(Wire.Op.PAUSE, wire -> wire.text(providerRef));
    }

    @Override
    public void resume(String providerRef) {
        SpecRules.require(name, capabilities, Capability.PAUSE);
        calls().run(Wire.Op.RESUME, wire -> wire.text(providerRef));
    }

    @Override
    public OwnedListing listOwned(String deployment) {
        return calls().call(Wire.Op.LIST, wire -> wire.text(deployment), wire -> {
            boolean complete = wire.flag();
            List<OwnedResource> resources = new ArrayList<>();
            for (long left = wire.number(); left > 0; left--) {
                resources.add(new OwnedResource(wire.text(), wire.id(), wire.instant()));
            }
            return new OwnedListing(resources, complete);
        });
    }

    @Override
    public Optional<ResourceUsage> usage(String providerRef) {
        return calls().call(Wire.Op.USAGE, wire -> wire.text(providerRef), wire -> {
            long disk = wire.number();
            return disk < 0 ? Optional.empty() : Optional.of(new ResourceUsage(null, null, null, disk));
        });
    }

    @Override
    public BackendHealth health() {
        try {
            return calls().call(Wire.Op.HEALTH, wire -> {}, wire -> new BackendHealth(wire.flag(), wire.text()));
        } catch (BackendUnavailableException e) {
            return new BackendHealth(false, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            calls.runQuietly(Wire.Op.GOODBYE, wire -> wire.number(sessionId));
            try {
                session.close();
            } catch (IOException e) {
                // then it is not open any more
            }
        }
    }
}

package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real sandboxes of one simulator, under a deployment of its own. Safe from many threads. The backend belongs to the caller
 * and stays open.
 */
public final class Machines implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Machines.class);

    private final SandboxBackend backing;
    private final String deployment;
    private final Clock clock;
    private final Set<Machine> machines = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private Machines(SandboxBackend backing, String name, Clock clock) {
        this.backing = backing;
        this.clock = clock;
        this.deployment = "sim-" + name + "-"
                + UUID.randomUUID().toString().replace("-", "").substring(0, 20);
    }

    /**
     * Has none yet.
     *
     * @param backing makes them; it and what it makes live by the system's clock, whatever a simulated provider's says
     * @param name of the provider, part of the deployment's id
     * @return an empty set
     */
    public static Machines of(SandboxBackend backing, String name) {
        return new Machines(backing, name, Clock.systemUTC());
    }

    /**
     * What makes them.
     *
     * @return the caller's backend
     */
    public SandboxBackend backing() {
        return backing;
    }

    /**
     * Makes one.
     *
     * @param spec as the backend wants it
     * @param environment of every command
     * @return a running machine
     * @throws SandboxException whatever the backend throws
     */
    public Machine create(SandboxSpec spec, Map<String, String> environment) {
        backing.validate(spec);
        Instant now = clock.instant();
        BackendSandbox sandbox = backing.create(new ProvisionRequest(
                deployment,
                SandboxId.generate(now.toEpochMilli()),
                now,
                null,
                spec,
                environment,
                text -> LOG.debug("{}: {}", deployment, text)));
        Machine machine = new Machine(this, sandbox);
        machines.add(machine);
        if (closed) {
            machine.destroy();
        }
        return machine;
    }

    void destroyed(Machine machine) {
        machines.remove(machine);
    }

    /** Destroys all of them, also those that nobody knows any more. */
    @Override
    public void close() {
        closed = true;
        List.copyOf(machines).parallelStream().forEach(Machine::destroy);
        try {
            for (OwnedResource left : backing.listOwned(deployment).resources()) {
                backing.destroy(left.providerRef());
            }
        } catch (SandboxException e) {
            LOG.warn("sandboxes of {} may be left: {}", deployment, e.toString());
        }
    }
}

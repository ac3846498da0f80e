package dev.sandkeeper.fly;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.OwnedListing;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which app the Machine of a sandbox is in: one for all, or one of its own. Safe from many threads. */
interface Apps {
    /** {@return the app of a sandbox, whether or not it is there} */
    String name(String deployment, SandboxId sandboxId);

    /**
     * Sees to it that an app is there.
     *
     * @param timeout of the whole create
     * @return by when the sandbox must take commands
     */
    Deadline prepare(String app, Duration timeout);

    /** {@return what the sandbox is called that has a Machine} */
    SandboxRef ref(MachineRef machine);

    /** Asks for the end of what a create has made that failed, if it has made anything. */
    void remove(String app, @Nullable MachineRef made);

    /** {@return whatever there is of a sandbox} */
    Optional<SandboxRef> find(String deployment, SandboxId sandboxId);

    OwnedListing listOwned(String deployment);

    /** {@return whether sandboxes can be made; throws if that cannot be asked} */
    BackendHealth health();
}

package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Looks at the provider itself, past every backend of ours. Safe from many threads. */
interface Witness extends AutoCloseable {
    /**
     * Something at the provider.
     *
     * @param name what it is
     * @param id the sandbox that it says it belongs to; null if it does not say
     */
    record Resource(String name, @Nullable SandboxId id) {}

    /** Everything that carries the deployment's id. */
    List<Resource> resources(String deployment) throws IOException, InterruptedException;

    /** Those that still run. */
    Set<Account.Endless> running(Collection<Account.Endless> commands) throws IOException;

    /** What the provider has been asked to do twice of what may happen once, where it keeps a record. */
    List<String> doubles(String deployment);

    /** Every sandbox that the provider has ever made, where it keeps a record. */
    Set<SandboxId> made(String deployment);

    /** Ends the provider if it is this run's own. */
    @Override
    void close();
}

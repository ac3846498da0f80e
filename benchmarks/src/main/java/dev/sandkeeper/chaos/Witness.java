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

    /** Those that still run; as processes of this machine, unless the provider only simulates them. */
    default Set<Account.Endless> running(Collection<Account.Endless> commands) throws IOException {
        return Processes.running(commands);
    }

    /**
     * What the provider has been asked to do twice of what may happen once. Nothing where it keeps no record: the fences that
     * hosts write down are what there is then.
     */
    default List<String> doubles(String deployment) {
        return List.of();
    }

    /** Every sandbox that the provider has ever made; nothing where it keeps no record. */
    default Set<SandboxId> made(String deployment) {
        return Set.of();
    }

    /** Ends the provider if it is this run's own. */
    @Override
    void close();
}

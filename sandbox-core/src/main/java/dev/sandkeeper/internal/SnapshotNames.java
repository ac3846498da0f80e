package dev.sandkeeper.internal;

import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import java.util.Optional;
import java.util.regex.Pattern;

/** What snapshots are called at a provider, so that those of a deployment are told from all others by their names alone. */
public final class SnapshotNames {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,40}");

    private SnapshotNames() {}

    /**
     * Refuses what is no name.
     *
     * @param name as an application asks for it
     * @throws IllegalArgumentException if it has not 1 to 40 of {@code [a-z0-9-]}
     */
    public static void check(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("name must have 1 to 40 of [a-z0-9-]: \"" + name + "\"");
        }
    }

    /**
     * Names one at the provider.
     *
     * @param deployment the deployment's id, which has no underscore either
     * @param name as an application asks for it
     * @return at most 92 of {@code [a-z0-9_-]}
     * @throws IllegalArgumentException if the name has not 1 to 40 of {@code [a-z0-9-]}
     */
    public static String atProvider(String deployment, String name) {
        check(name);
        return prefix(deployment) + name;
    }

    /**
     * What the names of all snapshots of a deployment begin with, and no others do as {@link #of} reads them.
     *
     * @param deployment the deployment's id
     * @return the beginning
     */
    public static String prefix(String deployment) {
        return "sandkeeper-" + deployment + "_";
    }

    /**
     * Reads a name at the provider.
     *
     * @param deployment the deployment's id
     * @param atProvider the provider's name of anything
     * @return the name as an application asked for it; nothing if this is no snapshot of the deployment
     */
    public static Optional<String> of(String deployment, String atProvider) {
        String prefix = prefix(deployment);
        return atProvider.startsWith(prefix)
                ? Optional.of(atProvider.substring(prefix.length()))
                        .filter(name -> NAME.matcher(name).matches())
                : Optional.empty();
    }

    /**
     * What is thrown where a snapshot of this name exists.
     *
     * @param backend the backend's name
     * @param name as an application asks for it
     * @return the exception
     */
    public static SandboxConflictException taken(String backend, String name) {
        return new SandboxConflictException(
                Failure.of("snapshot_exists", "this deployment has a snapshot \"" + name + "\" already")
                        .backend(backend)
                        .remedy("Use another name, or delete that one first: see SandboxManager.snapshots()"));
    }
}

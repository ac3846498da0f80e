package dev.sandkeeper.spi;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An adapter to one provider. Registered by hand, closed by the manager that it was given to, safe from many threads.
 *
 * <p>A backend knows no rows: it does what it is told and tells the truth about it. Everything it makes at the provider
 * carries the deployment's id, our sandbox id and the time of creation, so that {@link #find} and {@link #listOwned} work
 * for another JVM after this one has died. Every call answers a {@link Thread#interrupt} with
 * {@link dev.sandkeeper.SandboxInterruptedException}, flag set, and ends within a bound that the backend documents.
 */
public interface SandboxBackend extends AutoCloseable {
    /**
     * The name under which rows refer to this backend.
     *
     * @return the same at every start of the application; 1 to 64 characters
     */
    String name();

    /**
     * What it can do beyond the core. May depend on the host, is found out once and does not change afterwards.
     *
     * @return the capabilities, immutable
     */
    Set<Capability> capabilities();

    /**
     * Checks a spec without asking the provider for anything new.
     *
     * @param spec the spec
     * @throws dev.sandkeeper.SpecInvalidException if it breaks a rule of the provider; names field, value and rule
     * @throws CapabilityMissingException if it needs what the backend lacks
     */
    void validate(SandboxSpec spec);

    /**
     * Creates a sandbox and waits until it takes commands. What it made before it failed it removes as well as it can; the
     * caller destroys by id whatever is left.
     *
     * @param request what to create
     * @return the running sandbox
     * @throws dev.sandkeeper.BackendRejectedException if the provider refused; nothing was created
     * @throws dev.sandkeeper.BackendUnavailableException if the provider could not be reached; nothing was created
     * @throws dev.sandkeeper.OutcomeUnknownException if the answer was lost; a sandbox may exist, now or within
     *     {@link #createSettlesWithin()}
     */
    BackendSandbox create(ProvisionRequest request);

    /**
     * The longest time after which a create may still take effect that this JVM, or one that has died, has sent and given
     * up. Until it has passed, nothing found proves nothing.
     *
     * @return default 1 minute
     */
    default Duration createSettlesWithin() {
        return Duration.ofMinutes(1);
    }

    /**
     * Finds whatever exists of a sandbox, also if it is only half made.
     *
     * @param deployment the deployment's id
     * @param sandboxId our id
     * @return what {@link #destroy} takes, or nothing if the provider has nothing of it now
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer
     */
    Optional<String> find(String deployment, SandboxId sandboxId);

    /**
     * Asks the provider for one resource.
     *
     * @param providerRef its name
     * @return its state; {@link ProviderState#UNKNOWN} rather than an exception if the provider does not answer
     */
    ProviderState state(String providerRef);

    /**
     * Connects to a sandbox that exists, whoever created it.
     *
     * @param providerRef its name
     * @return the connection
     * @throws dev.sandkeeper.SandboxGoneException if there is none, or it does not run any more
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer
     */
    BackendSandbox attach(String providerRef);

    /**
     * Asks what runs in a sandbox to end, as the sandbox is about to be destroyed: sends TERM to every process of its commands,
     * those in the background and of other JVMs included, and waits until they have ended or the grace is over. Nothing is
     * killed, and the sandbox itself goes on; a paused one is resumed for it. May be repeated.
     *
     * @param providerRef its name
     * @param grace how long they may take; more than 0
     * @return whether nothing runs any more, as in a sandbox that is gone. The default asks nobody and answers false
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer
     */
    default boolean terminate(String providerRef, Duration grace) {
        return false;
    }

    /**
     * Destroys a sandbox and everything that belongs to it alone, and makes sure that it is gone. "Not found" is success, so
     * it may be repeated by anybody, also at the same time.
     *
     * @param providerRef its name
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer, or it is not known to be gone
     * @throws dev.sandkeeper.BackendRejectedException if the provider refused
     */
    void destroy(String providerRef);

    /**
     * How far ahead the provider's own end is kept of a sandbox that lives: the engine moves it by {@link #extend} whenever half
     * of this time has passed. What is left of a deployment of which no JVM lives any more ends within it. Asked only of a
     * backend with {@link Capability#PROVIDER_EXPIRY}.
     *
     * @return from 10 minutes, and no more than the provider grants at a time; default 1 hour
     */
    default Duration expiryHorizon() {
        return Duration.ofHours(1);
    }

    /**
     * Moves the end that the provider itself keeps. Needs {@link Capability#PROVIDER_EXPIRY}.
     *
     * @param providerRef the sandbox's name
     * @param until the end that is wanted, at most {@link #expiryHorizon()} ahead
     * @return the end that was granted; seconds, or a minute or two, less than was wanted are no refusal
     * @throws CapabilityMissingException if the provider keeps no end
     */
    default Instant extend(String providerRef, Instant until) {
        throw missing(Capability.PROVIDER_EXPIRY);
    }

    /**
     * The end beyond which {@link #extend} will never move that of a sandbox, as where a plan bounds how long one runs. A renewal
     * is cut to it. Asked only of a backend with {@link Capability#PROVIDER_EXPIRY}.
     *
     * @param providerRef the sandbox's name
     * @return nothing, the default, if it may be moved for ever, or that is not known
     */
    default Optional<Instant> latestEnd(String providerRef) {
        return Optional.empty();
    }

    /**
     * Pauses a sandbox. Needs {@link Capability#PAUSE}.
     *
     * @param providerRef its name
     * @throws CapabilityMissingException if the backend cannot
     */
    default void pause(String providerRef) {
        throw missing(Capability.PAUSE);
    }

    /**
     * Resumes a paused sandbox. Needs {@link Capability#PAUSE}.
     *
     * @param providerRef its name
     * @throws CapabilityMissingException if the backend cannot
     */
    default void resume(String providerRef) {
        throw missing(Capability.PAUSE);
    }

    /**
     * Makes an image of a sandbox that runs, and waits until sandboxes can be created from it. What runs in it goes on, though a
     * provider may halt it for a moment. Needs {@link Capability#SNAPSHOT}.
     *
     * <p>The provider's name for it is made of the deployment's id and the name, so that {@link #snapshots} lists it to any JVM,
     * also if this one never heard the answer. A name is used once: another call with it is refused while there is one.
     * Nothing but {@link #deleteSnapshot} ends a snapshot, the end of its sandbox included.
     *
     * <p>A sandbox that {@link #create} makes from it has the files that the first one had then, those of its workspace at least, and
     * none of its commands: those that the provider has kept running are killed, and what was noted of those in the background is
     * removed, before it is handed out.
     *
     * @param deployment the deployment's id
     * @param providerRef the sandbox's name
     * @param name 1 to 40 of {@code [a-z0-9-]}
     * @return the snapshot
     * @throws IllegalArgumentException if the name is none
     * @throws dev.sandkeeper.SandboxConflictException with code {@code snapshot_exists} if the deployment has one of this name; a
     *     backend may notice too late that two calls use one at the same time, and keep the snapshot of the later one
     * @throws dev.sandkeeper.SandboxGoneException if there is no such sandbox, or it does not run any more
     * @throws dev.sandkeeper.BackendRejectedException if the provider refused, or could not make it
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer; nothing was made
     * @throws dev.sandkeeper.OutcomeUnknownException if it is not known whether it was made, or will be: {@link #snapshots} tells
     * @throws CapabilityMissingException if the backend cannot
     */
    default Snapshot snapshot(String deployment, String providerRef, String name) {
        throw missing(Capability.SNAPSHOT);
    }

    /**
     * Lists the snapshots of a deployment, whichever JVM made them, also those whose making was not heard of. Needs {@link
     * Capability#SNAPSHOT}.
     *
     * @param deployment the deployment's id
     * @return all, in any order; those too that are not finished, or could not be, if the provider shows any
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer
     * @throws CapabilityMissingException if the backend cannot
     */
    default List<Snapshot> snapshots(String deployment) {
        throw missing(Capability.SNAPSHOT);
    }

    /**
     * Deletes a snapshot. Sandboxes that were created from it live on. "Not found" is success, so it may be repeated, and whatever is
     * no snapshot of the deployment counts as not found and is left alone. Needs {@link Capability#SNAPSHOT}.
     *
     * @param deployment the deployment's id
     * @param image the snapshot's {@link Snapshot#image()}
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer, or it is not known to be gone
     * @throws dev.sandkeeper.BackendRejectedException if the provider refused
     * @throws CapabilityMissingException if the backend cannot
     */
    default void deleteSnapshot(String deployment, String image) {
        throw missing(Capability.SNAPSHOT);
    }

    /**
     * Lists what the provider has of a deployment, half-made and left-over resources included.
     *
     * @param deployment the deployment's id
     * @return the list, and whether it is complete
     * @throws dev.sandkeeper.BackendUnavailableException if the provider did not answer
     */
    OwnedListing listOwned(String deployment);

    /**
     * What a sandbox has used.
     *
     * @param providerRef its name
     * @return the usage, or nothing if the provider does not tell or has it no more
     */
    default Optional<ResourceUsage> usage(String providerRef) {
        return Optional.empty();
    }

    /**
     * Asks the provider how it is. Never throws for a provider's fault.
     *
     * @return whether it can be used
     */
    BackendHealth health();

    /** Lets go of connections. Ends sandboxes of PROCESS lifetime and no others. Idempotent, never throws. */
    @Override
    void close();

    private CapabilityMissingException missing(Capability capability) {
        return new CapabilityMissingException(
                capability,
                Failure.of("capability_missing", "this backend lacks " + capability)
                        .backend(name())
                        .remedy("Leave it out, or choose a backend that has it"));
    }
}

package dev.sandkeeper;

import org.jspecify.annotations.Nullable;

/** What a {@link SandboxListener} is told. */
public sealed interface SandboxEvent {
    /**
     * Something that takes long goes on while a sandbox is created, such as fetching its image.
     *
     * @param id the sandbox
     * @param message in words
     */
    record Progress(SandboxId id, String message) implements SandboxEvent {}

    /**
     * A sandbox takes commands.
     *
     * @param sandbox the sandbox
     */
    record Created(SandboxInfo sandbox) implements SandboxEvent {}

    /**
     * A sandbox could not be created. What may have been made of it is being cleaned.
     *
     * @param id the sandbox
     * @param error the exception that the caller gets
     */
    record CreateFailed(SandboxId id, Throwable error) implements SandboxEvent {}

    /**
     * A policy says that a sandbox must go; {@code sandbox} tells why.
     *
     * @param sandbox the sandbox
     */
    record Expired(SandboxInfo sandbox) implements SandboxEvent {}

    /**
     * Nothing of a sandbox is left and its history is written; {@code sandbox} tells why.
     *
     * @param sandbox the sandbox
     */
    record Destroyed(SandboxInfo sandbox) implements SandboxEvent {}

    /**
     * Cleaning a sandbox failed. It will be tried again, for ever.
     *
     * @param sandbox the sandbox
     * @param error what went wrong
     * @param stuck whether it has failed so often that somebody should look
     */
    record CleanupFailed(SandboxInfo sandbox, Throwable error, boolean stuck) implements SandboxEvent {}

    /**
     * Something at a provider has this deployment's id and no live row.
     *
     * @param backend the backend's name
     * @param providerRef the resource
     * @param id the sandbox that it says it belongs to
     * @param destroyed whether it was destroyed; else it was seen for the first time, or destroying it failed
     * @param error why destroying failed, or null
     */
    record Orphan(
            String backend,
            String providerRef,
            SandboxId id,
            boolean destroyed,
            @Nullable Throwable error) implements SandboxEvent {}

    /**
     * A sandbox's resource is gone although its row is live. The row is being ended.
     *
     * @param sandbox the sandbox
     */
    record Ghost(SandboxInfo sandbox) implements SandboxEvent {}

    /**
     * A sweep would have destroyed suspiciously much, or found resources although its store never had a row, and stopped.
     *
     * @param backend the backend's name
     * @param orphans how many it would have destroyed
     * @param listed how many resources the provider listed
     * @param reason why it stopped and what to do
     */
    record SweepStopped(String backend, int orphans, int listed, String reason) implements SandboxEvent {}
}

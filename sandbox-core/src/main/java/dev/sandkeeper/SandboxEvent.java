package dev.sandkeeper;

import java.time.Duration;
import java.util.Map;
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
     * @param took how long that has taken
     */
    record Created(SandboxInfo sandbox, Duration took) implements SandboxEvent {}

    /**
     * A sandbox could not be created. What may have been made of it is being cleaned.
     *
     * @param id the sandbox
     * @param backend the backend's name
     * @param error the exception that the caller gets
     * @param took how long it was tried
     */
    record CreateFailed(SandboxId id, String backend, Throwable error, Duration took) implements SandboxEvent {}

    /**
     * A command that somebody here ran or watched has ended, or could not be started or followed to its end. Told for every
     * command, on the thread that runs it.
     *
     * @param id the sandbox
     * @param backend the backend's name
     * @param outcome how it ended
     * @param took from the call to the end of the output
     */
    record CommandEnded(SandboxId id, String backend, Outcome outcome, Duration took) implements SandboxEvent {
        /** How a command ended. */
        public enum Outcome {
            /** With exit code 0. */
            SUCCEEDED,
            /** With another exit code, or by a signal. */
            FAILED,
            /** It was ended at its deadline. */
            TIMED_OUT,
            /** It was not started, or how it ended is not known: its caller got an exception. */
            ERROR
        }
    }

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
     * @param took how long the cleaning has taken that succeeded, from its claim on
     */
    record Destroyed(SandboxInfo sandbox, Duration took) implements SandboxEvent {}

    /**
     * Cleaning a sandbox failed. It will be tried again, for ever.
     *
     * @param sandbox the sandbox
     * @param error what went wrong
     * @param stuck whether it has failed so often that somebody should look
     * @param took how long it was tried this time
     */
    record CleanupFailed(SandboxInfo sandbox, Throwable error, boolean stuck, Duration took) implements SandboxEvent {}

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

    /**
     * How many live sandboxes the deployment has, in all JVMs. Told by each JVM about once a minute.
     *
     * @param byState how many of each state; those of which there are none are there with 0
     * @param stuck how many of those in CLEANING have failed so often that somebody should look
     */
    record Counted(Map<SandboxState, Long> byState, long stuck) implements SandboxEvent {
        /** Copies the map. */
        public Counted {
            byState = Map.copyOf(byState);
        }
    }
}

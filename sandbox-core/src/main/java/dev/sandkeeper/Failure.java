package dev.sandkeeper;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link SandboxException} says: built by whoever found the fault, above all by backends. Immutable; each method
 * answers a changed copy. Never put a secret, an environment value or a file's content into it.
 */
public final class Failure {
    private final String code;
    private final String message;
    private final @Nullable String remedy;
    private final @Nullable String backend;
    private final @Nullable SandboxId sandboxId;
    private final @Nullable Throwable cause;

    private Failure(
            String code,
            String message,
            @Nullable String remedy,
            @Nullable String backend,
            @Nullable SandboxId sandboxId,
            @Nullable Throwable cause) {
        this.code = Objects.requireNonNull(code, "code");
        this.message = Objects.requireNonNull(message, "message");
        this.remedy = remedy;
        this.backend = backend;
        this.sandboxId = sandboxId;
        this.cause = cause;
    }

    /**
     * Starts a failure.
     *
     * @param code stable and machine-readable: lower case and underscores, such as {@code image_not_found}
     * @param message what happened, naming the field and the value concerned
     * @return the failure
     */
    public static Failure of(String code, String message) {
        return new Failure(code, message, null, null, null, null);
    }

    /**
     * Adds what the user can do about it.
     *
     * @param remedy a sentence in the imperative
     * @return a copy that has it
     */
    public Failure remedy(String remedy) {
        return new Failure(code, message, remedy, backend, sandboxId, cause);
    }

    /**
     * Adds the backend's name.
     *
     * @param name as {@link dev.sandkeeper.spi.SandboxBackend#name()} gives it
     * @return a copy that has it
     */
    public Failure backend(@Nullable String name) {
        return new Failure(code, message, remedy, name, sandboxId, cause);
    }

    /**
     * Adds the sandbox concerned.
     *
     * @param id its id
     * @return a copy that has it
     */
    public Failure sandbox(@Nullable SandboxId id) {
        return new Failure(code, message, remedy, backend, id, cause);
    }

    /**
     * Adds the cause.
     *
     * @param cause what was thrown below
     * @return a copy that has it
     */
    public Failure cause(@Nullable Throwable cause) {
        return new Failure(code, message, remedy, backend, sandboxId, cause);
    }

    String code() {
        return code;
    }

    @Nullable
    String remedyOrNull() {
        return remedy;
    }

    @Nullable
    String backendOrNull() {
        return backend;
    }

    @Nullable
    SandboxId sandboxIdOrNull() {
        return sandboxId;
    }

    @Nullable
    Throwable causeOrNull() {
        return cause;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        if (backend != null) {
            text.append(backend).append(": ");
        }
        text.append(message);
        if (sandboxId != null && !message.contains(sandboxId.toString())) {
            text.append(" (sandbox ").append(sandboxId).append(')');
        }
        if (remedy != null) {
            text.append(". ").append(remedy);
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return code + ": " + text();
    }
}

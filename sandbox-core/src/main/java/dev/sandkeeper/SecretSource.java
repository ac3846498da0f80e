package dev.sandkeeper;

/**
 * Where the values of secret environment variables come from. It is asked once a create, on the creating thread; the value
 * goes to the provider and nowhere else: not into a row, a log line, a message or a {@code toString}.
 */
@FunctionalInterface
public interface SecretSource {
    /**
     * Finds a secret.
     *
     * @param name the name given to {@link SandboxSpec.Builder#secret(String)}
     * @return its value
     * @throws RuntimeException if there is none; the create then fails before the provider is asked
     */
    String secret(String name);
}

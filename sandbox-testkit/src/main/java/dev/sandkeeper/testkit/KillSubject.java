package dev.sandkeeper.testkit;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;

/**
 * What {@link KillContract} makes in each of the JVMs that it kills: a public class with a public constructor without
 * parameters. Every backend that it makes, in whatever JVM, must be over the same provider.
 */
public interface KillSubject {
    /**
     * Makes the backend.
     *
     * @return a new backend
     */
    SandboxBackend backend();

    /**
     * What sandboxes are made from; they need {@code sh} and {@code sleep}.
     *
     * @return the spec
     */
    SandboxSpec spec();
}

package dev.sandkeeper;

/** What a sandbox's life is tied to. */
public enum Lifetime {
    /** It outlives this JVM and ends by its policy, from any JVM of the deployment. The default. */
    STORE,
    /**
     * It is gone within 2 seconds of the end of the JVM that created it, whatever ended that JVM. Excludes pausing and
     * {@link Sandbox#detach()}. Needs {@link dev.sandkeeper.spi.Capability#PROCESS_LIFETIME}.
     */
    PROCESS
}

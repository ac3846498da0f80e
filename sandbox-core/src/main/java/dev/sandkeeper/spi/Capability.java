package dev.sandkeeper.spi;

/**
 * What a backend may be able to do beyond the core. A spec that needs one is refused, by name and before anything is
 * created, where the backend lacks it; nothing is dropped silently.
 */
public enum Capability {
    /** {@link dev.sandkeeper.Lifetime#PROCESS}. */
    PROCESS_LIFETIME,
    /** Pausing and resuming. */
    PAUSE,
    /** {@link dev.sandkeeper.Network#full()}. */
    FULL_NETWORK,
    /** {@link dev.sandkeeper.Network#hostNetwork()}. */
    HOST_NETWORK,
    /** Services in the sandbox that the host reaches: {@link BackendSandbox#endpoint}. */
    PORTS,
    /** A hard limit on the memory of the whole sandbox. */
    MEMORY_LIMIT,
    /** A limit on processor time. */
    CPU_LIMIT,
    /** A hard limit on the processes of the whole sandbox. */
    PROCESS_LIMIT,
    /** A hard limit on what the workspace holds. */
    DISK_LIMIT,
    /** A system outside the workspace that can be written. */
    WRITABLE_ROOT,
    /** Another user for the whole sandbox. */
    SANDBOX_USER,
    /** Another user for a single command. */
    COMMAND_USER,
    /** Keeping capabilities of the Linux kernel. */
    KERNEL_CAPABILITIES,
    /** Choosing a stronger runtime. */
    RUNTIME,
    /** Files of the host. */
    HOST_MOUNTS,
    /** Commands in the background that outlive the JVM that started them: {@link BackendSandbox#background}. */
    BACKGROUND,
    /** A terminal for a command, which can be resized: {@link ProcessRequest#terminal}, {@link BackendProcess#resize}. */
    TERMINAL,
    /** An end set at the provider that can be moved: {@link SandboxBackend#extend}. */
    PROVIDER_EXPIRY,
    /** Images made of a running sandbox, from which others are created: {@link SandboxBackend#snapshot}. */
    SNAPSHOT
}

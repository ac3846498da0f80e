package dev.sandkeeper;

/** A watch of a directory: {@link SandboxFiles#watch(String, FileChangeListener)}. Safe from many threads. */
public interface FileWatch extends AutoCloseable {
    /**
     * Whether it still looks.
     *
     * @return false once it was closed or has ended by itself
     */
    boolean isOpen();

    /** Stops looking. The listener hears of nothing more, but for a call that is under way. Idempotent, does not wait. */
    @Override
    void close();
}

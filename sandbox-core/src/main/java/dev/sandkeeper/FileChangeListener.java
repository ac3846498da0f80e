package dev.sandkeeper;

/** Hears what a watch has found. */
@FunctionalInterface
public interface FileChangeListener {
    /**
     * Called for each change, one after another, on a thread of the manager that may block: the watch looks again once all
     * are told. What it throws is logged and ends nothing.
     *
     * @param change what has happened
     */
    void changed(FileChange change);

    /**
     * Called last, if the watch has ended by itself: the sandbox has ended, or its handle or the manager was closed. Does
     * nothing by default.
     *
     * @param reason why
     */
    default void ended(SandboxException reason) {}
}

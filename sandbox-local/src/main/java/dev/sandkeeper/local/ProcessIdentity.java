package dev.sandkeeper.local;

/**
 * A process that cannot be mistaken for another one that has got its number.
 *
 * @param pid its number in this JVM's process namespace
 * @param ticks when it was started, in clock ticks since the host's start
 */
record ProcessIdentity(long pid, long ticks) {
    /** Whether it runs and has not begun to end. */
    boolean alive() {
        return exists() && !Proc.ending(pid);
    }

    /** Whether anything is left of it, or of what ends with it. */
    boolean exists() {
        return Proc.identify(pid).filter(this::equals).isPresent();
    }

    /** Sends KILL. */
    void kill() {
        if (exists()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return pid + " " + ticks;
    }

    static ProcessIdentity parse(String text) {
        String[] parts = text.split(" ", -1);
        return new ProcessIdentity(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
    }
}

package dev.sandkeeper.chaos;

import java.util.Locale;

/** What a host may be doing when it is killed; several at a time, as it has many threads. */
enum Phase {
    /** A call of {@code SandboxManager.create}. */
    CREATE(0),
    /** A command that runs. */
    EXEC(1),
    /** A call of {@code SandboxManager.renew}. */
    RENEW(2),
    /** The store is asked for the right to clean. */
    CLAIM(3),
    /** The provider is asked to destroy. */
    DESTROY(4),
    /** The store is asked to end a row and to write its history. */
    ARCHIVE(5),
    /** A sweep: from the provider's list to the last orphan. */
    SWEEP(6);

    private final int place;

    Phase(int place) {
        this.place = place;
    }

    /** Its number in a file that two JVMs read. */
    int place() {
        return place;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}

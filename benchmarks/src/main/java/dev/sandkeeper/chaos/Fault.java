package dev.sandkeeper.chaos;

/** What must never come of a kill. */
enum Fault {
    /** Something is left at the provider that has no live row, or whose row says that it must go. */
    LEAKED,
    /** A sandbox with neither live row nor history, one that ended before its time, or a live row that cannot be used. */
    LOST,
    /** Ended twice: live and in history, made or destroyed twice, or destroyed under an old fence after a newer had begun. */
    TWICE,
    /** A sandbox whose renewal was acknowledged and that was ended before the renewed end, although nobody asked for that. */
    RENEWED_KILLED,
    /** A command that has outlived its own deadline, or without one its host, by more than 10 seconds. */
    OVERDUE,
    /** A host failed in another way than by being killed. */
    BROKEN
}

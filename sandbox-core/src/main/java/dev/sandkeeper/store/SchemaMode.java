package dev.sandkeeper.store;

/** What a store does about its tables when it is opened. Its scripts are in {@code dev/sandkeeper/store/} in the jar. */
public enum SchemaMode {
    /** Makes them, or brings them up to date. The default. */
    MIGRATE,

    /** Makes nothing, and refuses a database whose tables or columns are missing. For hosts that run the scripts. */
    VALIDATE,

    /** Does not look at them. */
    OFF
}

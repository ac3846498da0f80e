package dev.sandkeeper.spi;

/** What a provider says of one resource. A word that it adds later is {@link #UNKNOWN} and never an error. */
public enum ProviderState {
    /** It exists and takes commands, or will within seconds. */
    PRESENT,
    /** It exists and is paused. */
    PAUSED,
    /** It does not exist, or has ended and will never take a command again. */
    GONE,
    /** The provider did not say, or said something new. Proves nothing. */
    UNKNOWN
}

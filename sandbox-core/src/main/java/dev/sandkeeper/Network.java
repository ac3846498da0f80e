package dev.sandkeeper;

/** What a sandbox can reach. Immutable. */
public sealed interface Network {
    /**
     * Nothing but its own loopback interface. The default.
     *
     * @return no network
     */
    static Network none() {
        return None.INSTANCE;
    }

    /**
     * Whatever the provider's ordinary network reaches: for a container engine on this host that includes the host itself
     * and a cloud's metadata address. Needs {@link dev.sandkeeper.spi.Capability#FULL_NETWORK}.
     *
     * @return the full network
     */
    static Network full() {
        return Full.INSTANCE;
    }

    /**
     * The host's own network, its loopback services and abstract sockets included: no isolation at all on this side.
     * Needs {@link dev.sandkeeper.spi.Capability#HOST_NETWORK}.
     *
     * @return the host's network
     */
    static Network hostNetwork() {
        return HostNetwork.INSTANCE;
    }

    /** See {@link Network#none()}. */
    enum None implements Network {
        /** The only one. */
        INSTANCE;

        @Override
        public String toString() {
            return "none";
        }
    }

    /** See {@link Network#full()}. */
    enum Full implements Network {
        /** The only one. */
        INSTANCE;

        @Override
        public String toString() {
            return "full";
        }
    }

    /** See {@link Network#hostNetwork()}. */
    enum HostNetwork implements Network {
        /** The only one. */
        INSTANCE;

        @Override
        public String toString() {
            return "hostNetwork";
        }
    }
}

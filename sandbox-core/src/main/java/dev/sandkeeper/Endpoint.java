package dev.sandkeeper;

/**
 * Where a service in a sandbox is reached.
 *
 * @param host a name or address; for an engine on this host its loopback address
 * @param port from 1 to 65,535
 */
public record Endpoint(String host, int port) {
    /** Refuses what is no endpoint. */
    public Endpoint {
        if (host.isEmpty() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "host must not be empty and port be from 1 to 65535: " + host + ", " + port);
        }
    }

    /** Host and port as URLs have them. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}

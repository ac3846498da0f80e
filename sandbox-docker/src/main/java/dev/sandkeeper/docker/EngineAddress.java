package dev.sandkeeper.docker;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where an engine listens.
 *
 * @param socket the unix socket; null for TCP
 * @param host the host; empty for a unix socket
 * @param port the port; 0 for a unix socket
 * @param certificates a directory with ca.pem, cert.pem and key.pem; null without TLS
 */
record EngineAddress(
        @Nullable Path socket,
        String host,
        int port,
        @Nullable Path certificates) {
    static final Path DEFAULT_SOCKET = Path.of("/var/run/docker.sock");

    static EngineAddress unix(Path socket) {
        return new EngineAddress(socket, "", 0, null);
    }

    /**
     * Reads an address as the docker command does.
     *
     * @param text such as {@code unix:///var/run/docker.sock} or {@code tcp://host:2376}
     * @param certificates for TLS; null without
     * @param origin where the text comes from, for the message
     * @throws BackendRejectedException if it is malformed or of a kind that is not built
     */
    static EngineAddress parse(String text, @Nullable Path certificates, String origin) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw refused(text, origin, "it is not a URI");
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        return switch (scheme) {
            case "unix" -> unixOf(uri, text, origin);
            case "tcp", "http", "https" -> tcpOf(uri, certificates, text, origin);
            case "ssh" -> throw refused(text, origin, "ssh:// is not built");
            case "npipe" -> throw refused(text, origin, "npipe:// (Windows' named pipes) is not built");
            default -> throw refused(text, origin, "the scheme \"" + scheme + "\" is not known");
        };
    }

    private static EngineAddress unixOf(URI uri, String text, String origin) {
        if (uri.getPath() == null || !uri.getPath().startsWith("/")) {
            throw refused(text, origin, "a unix socket needs an absolute path");
        }
        return unix(Path.of(uri.getPath()));
    }

    private static EngineAddress tcpOf(URI uri, @Nullable Path certificates, String text, String origin) {
        if (uri.getHost() == null) {
            throw refused(text, origin, "it names no host");
        }
        if (certificates == null && "https".equalsIgnoreCase(uri.getScheme())) {
            throw refused(text, origin, "https needs certificates");
        }
        int usual = certificates == null ? 2375 : 2376;
        return new EngineAddress(null, uri.getHost(), uri.getPort() > 0 ? uri.getPort() : usual, certificates);
    }

    private static BackendRejectedException refused(String text, String origin, String why) {
        return new BackendRejectedException(
                Failure.of("engine_address_unsupported", "engine address \"" + text + "\" from " + origin + ": " + why)
                        .remedy("Use unix:///path/to/socket or tcp://host:port; for an engine behind ssh forward its"
                                + " socket with \"ssh -L /tmp/docker.sock:/var/run/docker.sock host\""));
    }

    /** As docker-java takes it. */
    URI uri() {
        return URI.create(toString());
    }

    @Override
    public String toString() {
        if (socket != null) {
            return "unix://" + socket;
        }
        return "tcp://" + (host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + port;
    }
}

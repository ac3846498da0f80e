package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.SpecInvalidException;
import java.util.Map;
import okhttp3.HttpUrl;

/** Where a port of a sandbox is reached: a host name of its own, by TLS. */
final class PreviewAddress {
    private PreviewAddress() {}

    static Endpoint of(DaytonaApi api, String id, Map<String, String> labels, boolean networkOff, int port) {
        if (networkOff) {
            throw new SpecInvalidException(
                    api.failure("spec_invalid", "network: none, so that port " + port + " cannot be reached")
                            .remedy("Create the sandbox with network(Network.full()) and port(" + port + ")"));
        }
        if (!Identity.ports(labels).contains(Integer.toString(port))) {
            throw new SpecInvalidException(
                    api.failure("spec_invalid", "ports: the sandbox was created without port " + port)
                            .remedy("Create it with port(" + port + ")"));
        }
        String text = api.preview(id, port).url();
        HttpUrl url = text == null ? null : HttpUrl.parse(text);
        if (url == null) {
            throw new BackendUnavailableException(
                    api.failure("answer_unreadable", "Daytona did not say where port " + port + " is reached"));
        }
        return new Endpoint(url.host(), url.port());
    }
}

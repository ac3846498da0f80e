package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Endpoint;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Needs(Component.DOCKER)
class PortsTest {
    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    @Test
    void reachesAServiceOnTheLoopbackInterface() throws IOException {
        BackendSandbox sandbox = sandboxes.create(
                SandboxSpec.builder().network(Network.full()).port(8080).build());
        byte[] page = "it serves\n".getBytes(StandardCharsets.UTF_8);
        sandbox.files().write("/workspace/index.html", new ByteArrayInputStream(page), -1);
        ProcessRequest server = Sandboxes.command("httpd", "-f", "-p", "8080");
        sandbox.background().start(new BackgroundRequest("httpd", server, Duration.ZERO, 65_536));
        Endpoint endpoint = sandbox.endpoint(8080);
        assertThat(InetAddress.getByName(endpoint.host()).isLoopbackAddress()).isTrue();
        await().ignoreExceptionsMatching(e -> e instanceof IOException)
                .until(() -> get(endpoint).equals("it serves\n"));
    }

    private static String get(Endpoint endpoint) throws IOException {
        URLConnection connection =
                URI.create("http://" + endpoint + "/index.html").toURL().openConnection();
        connection.setConnectTimeout(5_000);
        connection.setReadTimeout(5_000);
        try (var body = connection.getInputStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

package dev.sandkeeper.fly;

import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import java.util.Map;
import okhttp3.HttpUrl;

/** What a create leaves that dies before its Machine has started. */
final class HalfMade {
    private HalfMade() {}

    static void leave(FlySimulator simulator, String app, ProvisionRequest request) {
        Token token = Token.of(simulator.token());
        try (ProviderClient client = ProviderClient.builder("fly", new FlyErrors())
                .secretHeader("Authorization", token.scheme(), token.text())
                .build()) {
            FlyApi api = new FlyApi(client, HttpUrl.get(simulator.uri().toString()));
            new AppsApi(client, HttpUrl.get(simulator.uri().toString())).createApp(app, FlySimulator.ORGANIZATION);
            Identity identity = new Identity(request.deployment(), request.sandboxId(), request.createdAt());
            api.create(
                    app,
                    Map.of(
                            "name",
                            Identity.machineName(request.sandboxId()),
                            "skip_launch",
                            true,
                            "config",
                            Map.of("image", "node:20-alpine", "metadata", identity.metadata())));
        }
    }
}

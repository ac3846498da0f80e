package dev.sandkeeper.local;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs({Component.BUBBLEWRAP, Component.POSTGRESQL})
class PostgresKillTest extends ServerKillContract {
    PostgresKillTest(PostgresServer server) {
        super(server);
    }
}

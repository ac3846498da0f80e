package dev.sandkeeper.local;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.MariaDbServer;
import dev.sandkeeper.testsupport.Needs;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs({Component.BUBBLEWRAP, Component.MARIADB})
class MariaDbKillTest extends ServerKillContract {
    MariaDbKillTest(MariaDbServer server) {
        super(server);
    }
}

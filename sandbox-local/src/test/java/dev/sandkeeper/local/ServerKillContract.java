package dev.sandkeeper.local;

import dev.sandkeeper.testsupport.DatabaseServer;
import dev.sandkeeper.testsupport.DatabaseServers;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtendWith;

/** The rows of the killed hosts are in a server that writes down what it acknowledges; a few kills a moment are enough. */
@ExtendWith(DatabaseServers.class)
abstract class ServerKillContract extends LocalKillTest {
    private final DatabaseServer server;

    ServerKillContract(DatabaseServer server) {
        this.server = server;
    }

    @Override
    protected int rounds() {
        return Math.min(2, super.rounds());
    }

    @Override
    protected String store(Path directory) {
        return server.newDatabase();
    }
}

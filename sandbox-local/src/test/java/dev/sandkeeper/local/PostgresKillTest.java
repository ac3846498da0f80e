package dev.sandkeeper.local;

import dev.sandkeeper.testkit.KillSubject;
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

    @Override
    protected Class<? extends KillSubject> subject() {
        return Subject.class;
    }

    /** With a state of its own. */
    public static final class Subject extends LocalKillTest.Subject {
        /** Made by name in each JVM. */
        public Subject() {}
    }
}

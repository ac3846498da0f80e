package dev.sandkeeper.local;

import dev.sandkeeper.testkit.KillSubject;
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

package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class CgroupsTest {
    @TempDir
    Path directory;

    @Test
    void findsNothingAndWarnsOfNothingWhereAnotherJvmHasRemovedTheEmptyDirectory() {
        Logger logger = (Logger) LoggerFactory.getLogger(Cgroups.class);
        ListAppender<ILoggingEvent> events = new ListAppender<>();
        events.start();
        logger.addAppender(events);
        try {
            Cgroups groups = new Cgroups("host", Map.of("memory", directory.resolve("sandkeeper")), true);
            assertThat(groups.list("deployment")).isEmpty();
            assertThat(events.list).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
        } finally {
            logger.detachAppender(events);
        }
    }
}

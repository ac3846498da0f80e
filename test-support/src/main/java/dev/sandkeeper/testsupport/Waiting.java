package dev.sandkeeper.testsupport;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * How tests wait, where they do not say it. They look every 20 milliseconds: Awaitility's own 100, at the start too, are most of
 * many tests. They give up after a minute: on a machine that is busy its own 10 seconds tell slow from broken wrongly.
 */
public final class Waiting implements LauncherSessionListener {
    /** JUnit finds this one through {@code META-INF/services}. */
    public Waiting() {}

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        Awaitility.setDefaultPollInterval(Duration.ofMillis(20));
        Awaitility.setDefaultTimeout(Duration.ofMinutes(1));
    }

    @Override
    public void launcherSessionClosed(LauncherSession session) {
        Awaitility.reset();
    }
}

package dev.sandkeeper.testsupport;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/** Looks every 20 milliseconds for what a test waits for; Awaitility's own 100, at the start too, are most of many tests. */
public final class ShortPolls implements LauncherSessionListener {
    /** JUnit finds this one through {@code META-INF/services}. */
    public ShortPolls() {}

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        Awaitility.setDefaultPollInterval(Duration.ofMillis(20));
    }

    @Override
    public void launcherSessionClosed(LauncherSession session) {
        Awaitility.reset();
    }
}

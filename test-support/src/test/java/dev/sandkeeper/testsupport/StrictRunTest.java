package dev.sandkeeper.testsupport;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

class StrictRunTest {
    @Test
    void leavesACleanRunAlone() {
        assertThatCode(() -> run(Clean.class, false)).doesNotThrowAnyException();
    }

    @Test
    void failsWhenAThreadDied() {
        assertThatThrownBy(() -> run(DyingThread.class, false))
                .hasMessageContaining("thread \"short-lived\" died of java.lang.IllegalStateException: planted");
    }

    @Test
    void failsWhenATestWasSkipped() {
        assertThatThrownBy(() -> run(Skipping.class, false))
                .hasMessageContaining("[method:disabled()]: later")
                .hasMessageContaining(
                        "[method:aborted()]: org.opentest4j.TestAbortedException: Assumption failed: no engine");
    }

    @Test
    void passesOverSkipsWhenTold() {
        assertThatCode(() -> run(Skipping.class, true)).doesNotThrowAnyException();
    }

    private static void run(Class<?> tests, boolean skipsAllowed) {
        LauncherConfig config = LauncherConfig.builder()
                .enableLauncherSessionListenerAutoRegistration(false)
                .addLauncherSessionListeners(new StrictRun(skipsAllowed))
                .build();
        try (LauncherSession session = LauncherFactory.openSession(config)) {
            session.getLauncher()
                    .execute(LauncherDiscoveryRequestBuilder.request()
                            .selectors(DiscoverySelectors.selectClass(tests))
                            .build());
        }
    }

    static class Clean {
        @Test
        void passes() {}
    }

    static class DyingThread {
        @Test
        void passes() throws InterruptedException {
            Thread thread = new Thread(
                    () -> {
                        throw new IllegalStateException("planted");
                    },
                    "short-lived");
            thread.start();
            thread.join();
        }
    }

    static class Skipping {
        @Test
        @Disabled("later")
        void disabled() {}

        @Test
        void aborted() {
            assumeTrue(false, "no engine");
        }
    }
}

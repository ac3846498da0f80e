package dev.sandkeeper.testsupport;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.Thread.UncaughtExceptionHandler;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fails a run in which a thread died of an exception although every test passed. A test that was skipped is named, or, where
 * skips are not allowed, fails the run too.
 */
public final class StrictRun implements LauncherSessionListener, TestExecutionListener {
    private static final Logger LOG = LoggerFactory.getLogger(StrictRun.class);

    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final boolean skipsAllowed;
    private @Nullable UncaughtExceptionHandler handlerBefore;

    /** JUnit finds this one through {@code META-INF/services}. */
    public StrictRun() {
        this(Boolean.getBoolean("sandkeeper.allowSkips"));
    }

    StrictRun(boolean skipsAllowed) {
        this.skipsAllowed = skipsAllowed;
    }

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        handlerBefore = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> {
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            faults.add("thread \"" + thread.getName() + "\" died of " + trace);
        });
        session.getLauncher().registerTestExecutionListeners(this);
    }

    @Override
    public void launcherSessionClosed(LauncherSession session) {
        Thread.setDefaultUncaughtExceptionHandler(handlerBefore);
        if (!faults.isEmpty()) {
            throw new IllegalStateException(
                    "Whatever its tests say, this run failed:\n  " + String.join("\n  ", faults));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        if (skipsAllowed) {
            LOG.warn("left out {}: {}", test.getUniqueId(), reason);
        } else {
            faults.add("skipped " + test.getUniqueId() + ": " + reason + " (-DallowSkips=true lets that pass)");
        }
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == Status.ABORTED) {
            executionSkipped(
                    test, result.getThrowable().map(Throwable::toString).orElse("no reason given"));
        }
    }
}

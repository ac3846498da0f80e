package dev.sandkeeper.testkit;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Finds threads that a test has left behind. As an extension it does so after every test:
 * {@code @RegisterExtension final LeakChecks leaks = LeakChecks.threads();} A thread may take 10 seconds to end. Threads
 * that the JDK starts once and keeps, such as those of its common pool and its process reaper, do not count, nor do the
 * timers that OkHttp shares between all of its clients; virtual threads are not seen.
 */
public final class LeakChecks implements BeforeEachCallback, AfterEachCallback {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** The last two OkHttp keeps for all clients of a JVM, for as long as one has something to do and a minute more. */
    private static final List<String> KEPT_FOR_ALL = List.of(
            "ForkJoinPool.commonPool",
            "CompletableFutureDelayScheduler",
            "process reaper",
            "Cleaner-",
            "Common-Cleaner",
            "Attach Listener",
            "Signal Dispatcher",
            "Finalizer",
            "Reference Handler",
            "JFR ",
            "HttpClient-",
            "surefire-",
            "C1 CompilerThread",
            "C2 CompilerThread",
            "MasterPoller",
            "Read-Poller",
            "junit-jupiter-timeout-watcher",
            "Write-Poller",
            "VirtualThread-",
            "OkHttp TaskRunner",
            "Okio Watchdog");

    private Set<Thread> before = Set.of();

    private LeakChecks() {}

    /**
     * An extension that fails a test which leaves a thread behind.
     *
     * @return a new one, for one test class
     */
    public static LeakChecks threads() {
        return new LeakChecks();
    }

    /**
     * The threads of now.
     *
     * @return all platform threads that live
     */
    public static Set<Thread> liveThreads() {
        return Set.copyOf(Thread.getAllStackTraces().keySet());
    }

    /**
     * Insists that no thread is left that was not there before.
     *
     * @param before what {@link #liveThreads()} has answered
     * @param patience how long threads may take to end
     * @throws AssertionError if one is left; names them all
     */
    public static void assertNoThreadsSince(Set<Thread> before, Duration patience) {
        assertNoThreadsSince(before, patience, name -> false);
    }

    /** The same, but for threads whose names belong to somebody else. */
    static void assertNoThreadsSince(Set<Thread> before, Duration patience, Predicate<String> others) {
        try {
            await().atMost(patience)
                    .pollInterval(Duration.ofMillis(10))
                    .pollInSameThread()
                    .until(() -> leftSince(before, others).isEmpty());
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("threads were left behind: " + leftSince(before, others), e);
        }
    }

    private static List<String> leftSince(Set<Thread> before, Predicate<String> others) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.isAlive() && !before.contains(thread))
                .filter(thread -> !keptForAll(thread))
                .map(Thread::getName)
                .filter(others.negate())
                .sorted()
                .toList();
    }

    private static boolean keptForAll(Thread thread) {
        // what runs virtual threads has numbered names, as any pool; a pool that a test left shows other workers
        return thread.getClass().getName().equals("jdk.internal.misc.CarrierThread")
                || thread.getName().endsWith("-delayScheduler")
                || KEPT_FOR_ALL.stream().anyMatch(thread.getName()::startsWith);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        before = liveThreads();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        assertNoThreadsSince(before, PATIENCE);
    }
}

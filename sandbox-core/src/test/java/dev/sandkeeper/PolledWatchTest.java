package dev.sandkeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.FileState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PolledWatchTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String ROOT = "/w";

    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(1, Workers.daemons("watch-timer"));
    private final ExecutorService workers = Workers.create("watch-worker");
    private final Queue<Supplier<List<FileState>>> answers = new ConcurrentLinkedQueue<>();
    private final AtomicInteger looks = new AtomicInteger();
    private final AtomicInteger forgotten = new AtomicInteger();
    private final Heard heard = new Heard();
    private volatile Supplier<List<FileState>> last = () -> tree();

    /** What the listener was told. */
    private static class Heard implements FileChangeListener {
        final List<String> changes = new CopyOnWriteArrayList<>();
        final List<SandboxException> ends = new CopyOnWriteArrayList<>();

        @Override
        public void changed(FileChange change) {
            changes.add(change.kind() + " " + change.path());
        }

        @Override
        public void ended(SandboxException reason) {
            ends.add(reason);
        }
    }

    @AfterEach
    void stop() {
        timer.shutdownNow();
        workers.shutdownNow();
    }

    private static List<FileState> tree(String... names) {
        List<FileState> states = new ArrayList<>();
        states.add(new FileState(ROOT, FileInfo.Type.DIRECTORY, "755"));
        for (String name : names) {
            states.add(new FileState(ROOT + "/" + name, FileInfo.Type.FILE, "1"));
        }
        return states;
    }

    private static Supplier<List<FileState>> failing(String code) {
        return () -> {
            throw new FileAccessException(Failure.of(code, "a fault of the test"));
        };
    }

    private List<FileState> scan() {
        looks.incrementAndGet();
        Supplier<List<FileState>> next = answers.poll();
        if (next == null) {
            return last.get();
        }
        if (answers.isEmpty()) {
            last = next;
        }
        return next.get();
    }

    private PolledWatch watch(FileChangeListener listener, Duration interval) {
        return new PolledWatch(
                ROOT, this::scan, interval, listener, timer, workers, watch -> forgotten.incrementAndGet());
    }

    private PolledWatch begun() {
        PolledWatch watch = watch(heard, Duration.ofMillis(1));
        watch.begin();
        return watch;
    }

    private void awaitHeard(String... changes) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(heard.changes).containsExactly(changes));
    }

    private void awaitLooks(int more) {
        int now = looks.get();
        await().atMost(PATIENCE).until(() -> looks.get() >= now + more);
    }

    @Test
    void tellsWhatHasChangedSinceItBegan() {
        answers.add(() -> tree("old"));
        answers.add(() -> tree("old"));
        answers.add(() -> tree("new"));
        FileWatch watch = begun();
        awaitHeard("REMOVED /w/old", "CREATED /w/new");
        awaitLooks(3);
        awaitHeard("REMOVED /w/old", "CREATED /w/new");
        watch.close();
        watch.close();
        assertThat(watch.isOpen()).isFalse();
        assertThat(heard.ends).isEmpty();
    }

    @Test
    void doesNotTellOfAFileThatIsJustBeingWritten() {
        String half = ".sandkeeper-c0a6cb6f855d6f232160a1725e434f8e";
        answers.add(() -> tree("old"));
        answers.add(() -> tree("old", half, half + "x", "my" + half));
        answers.add(() -> tree("old", "new"));
        begun();
        awaitHeard(
                "CREATED /w/" + half + "x",
                "CREATED /w/my" + half,
                "REMOVED /w/my" + half,
                "REMOVED /w/" + half + "x",
                "CREATED /w/new");
    }

    @Test
    void doesNotBeginWhereThereIsNothingToWatch() {
        answers.add(failing("file_not_found"));
        PolledWatch watch = watch(heard, Duration.ofMillis(1));
        assertThatThrownBy(watch::begin).isInstanceOf(FileAccessException.class);
        assertThat(timer.getQueue()).isEmpty();
        assertThat(heard.changes).isEmpty();
    }

    @Test
    void tellsThatTheDirectoryHasGoneAndThatItIsBack() {
        answers.add(() -> tree("a"));
        answers.add(failing("file_not_found"));
        answers.add(failing("file_not_found"));
        answers.add(() -> tree("b"));
        try (FileWatch watch = begun()) {
            awaitHeard("REMOVED /w/a", "REMOVED /w", "CREATED /w", "CREATED /w/b");
            assertThat(watch.isOpen()).isTrue();
        }
    }

    @Test
    void saysOnceThatSomethingIsMissedWhileThereIsTooMuchAndGoesOnFromWhatItKnew() {
        answers.add(() -> tree("a"));
        answers.add(failing("too_many_entries"));
        answers.add(failing("too_many_entries"));
        answers.add(() -> tree("b"));
        answers.add(failing("too_many_entries"));
        answers.add(() -> tree("b"));
        try (FileWatch watch = begun()) {
            assertThat(watch.isOpen()).isTrue();
            awaitHeard("MISSED /w", "REMOVED /w/a", "CREATED /w/b", "MISSED /w");
        }
    }

    @Test
    void sparesTheListenerAFaultThatDoesNotLast() {
        answers.add(() -> tree("a"));
        answers.add(failing("file_access_failed"));
        answers.add(() -> {
            throw new IllegalStateException("a fault of the backend");
        });
        answers.add(() -> tree("a", "b"));
        try (FileWatch watch = begun()) {
            assertThat(watch.isOpen()).isTrue();
            awaitHeard("CREATED /w/b");
        }
    }

    @Test
    void saysOnceThatSomethingIsMissedWhenAFaultLasts() {
        answers.add(() -> tree("a"));
        answers.add(failing("file_access_failed"));
        try (FileWatch watch = begun()) {
            assertThat(watch.isOpen()).isTrue();
            awaitHeard("MISSED /w");
            awaitLooks(5);
            awaitHeard("MISSED /w");
            last = () -> tree("a", "b");
            awaitHeard("MISSED /w", "CREATED /w/b");
        }
    }

    @Test
    void aListenerThatThrowsHearsTheRestAndEndsNothing() {
        answers.add(() -> tree());
        answers.add(() -> tree("a", "b"));
        FileChangeListener listener = change -> {
            heard.changed(change);
            throw new IllegalStateException("a fault of the listener");
        };
        try (PolledWatch watch = watch(listener, Duration.ofMillis(1))) {
            watch.begin();
            awaitHeard("CREATED /w/a", "CREATED /w/b");
            last = () -> tree("a");
            awaitHeard("CREATED /w/a", "CREATED /w/b", "REMOVED /w/b");
        }
    }

    @Test
    void endsWithItsSandboxAndSaysWhy() {
        SandboxGoneException gone = new SandboxGoneException(null, "a test", Failure.of("sandbox_gone", "it is gone"));
        answers.add(() -> tree("a"));
        answers.add(() -> {
            throw gone;
        });
        FileWatch watch = begun();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(heard.ends).containsExactly(gone));
        assertThat(watch.isOpen()).isFalse();
        assertThat(forgotten).hasValue(1);
        assertThat(heard.changes).isEmpty();
        assertThat(looks).hasValue(2);
    }

    @Test
    void looksAtOnceWhenItIsTold() {
        answers.add(() -> tree());
        answers.add(() -> tree("a"));
        PolledWatch watch = watch(heard, Duration.ofHours(1));
        watch.begin();
        watch.lookNow();
        awaitHeard("CREATED /w/a");
        last = () -> tree("a", "b");
        await().atMost(PATIENCE).until(() -> {
            watch.lookNow();
            return heard.changes.size() > 1;
        });
        watch.close();
        await().atMost(PATIENCE).until(() -> timer.getQueue().stream().noneMatch(task -> !isCancelled(task)));
    }

    private static boolean isCancelled(Runnable task) {
        return ((Future<?>) task).isCancelled();
    }

    @Test
    void isToldToLookWhileItLooksAndLooksOnceMore() throws InterruptedException {
        CountDownLatch looking = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        answers.add(() -> tree());
        answers.add(() -> {
            looking.countDown();
            try {
                assertThat(told.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return tree();
        });
        answers.add(() -> tree("a"));
        PolledWatch watch = watch(heard, Duration.ofHours(1));
        watch.begin();
        watch.lookNow();
        assertThat(looking.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        watch.lookNow();
        told.countDown();
        awaitHeard("CREATED /w/a");
        watch.close();
    }

    @Test
    void tellsNothingAfterItWasClosedByItsListener() {
        answers.add(() -> tree());
        answers.add(() -> tree("a", "b"));
        PolledWatch[] self = new PolledWatch[1];
        self[0] = watch(
                change -> {
                    heard.changed(change);
                    self[0].close();
                },
                Duration.ofMillis(1));
        self[0].begin();
        await().atMost(PATIENCE).until(() -> forgotten.get() > 0);
        awaitHeard("CREATED /w/a");
        assertThat(heard.ends).isEmpty();
        assertThat(looks).hasValue(2);
    }

    @Test
    void endsWithTheManager() {
        answers.add(() -> tree());
        workers.shutdownNow();
        FileWatch watch = begun();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(heard.ends).singleElement().isInstanceOf(HandleClosedException.class));
        assertThat(watch.isOpen()).isFalse();
    }
}

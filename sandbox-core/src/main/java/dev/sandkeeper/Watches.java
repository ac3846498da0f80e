package dev.sandkeeper;

import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.FileState;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;

/** The watches that one handle of a sandbox has open. */
final class Watches {
    private final BackendFiles files;
    private final Call call;
    private final ScheduledExecutorService timer;
    private final Executor workers;
    private final Set<PolledWatch> open = ConcurrentHashMap.newKeySet();

    /**
     * @param call runs what asks the sandbox; throws if that has ended or its handle is closed
     * @param timer starts looks at their time
     * @param workers run them: they block
     */
    Watches(BackendFiles files, Call call, ScheduledExecutorService timer, Executor workers) {
        this.files = files;
        this.call = call;
        this.timer = timer;
        this.workers = workers;
    }

    /** Runs something. */
    @FunctionalInterface
    interface Call {
        List<FileState> run(Supplier<List<FileState>> scan);
    }

    FileWatch open(String directory, WatchOptions options, FileChangeListener listener) {
        Supplier<List<FileState>> scan =
                () -> call.run(() -> files.scan(directory, options.recursive(), options.maxEntries()));
        PolledWatch watch =
                new PolledWatch(directory, scan, options.interval(), listener, timer, workers, open::remove);
        open.add(watch);
        boolean begun = false;
        try {
            watch.begin();
            begun = true;
            return watch;
        } finally {
            if (!begun) {
                watch.close();
            }
        }
    }

    /** The sandbox has ended or its handle was closed: each watch will see that and end. */
    void lookNow() {
        open.forEach(PolledWatch::lookNow);
    }
}

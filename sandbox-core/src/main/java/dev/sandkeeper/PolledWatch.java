package dev.sandkeeper;

import dev.sandkeeper.internal.PathBytes;
import dev.sandkeeper.internal.TemporaryName;
import dev.sandkeeper.internal.TreeChanges;
import dev.sandkeeper.spi.FileState;
import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, compares, tells, and then waits for its next time; so one look at a time, and a slow listener slows down nothing but
 * its own watch.
 */
final class PolledWatch implements FileWatch {
    private static final Logger LOG = LoggerFactory.getLogger(PolledWatch.class);
    private static final Set<String> NOT_THERE = Set.of("file_not_found", "not_a_directory");
    private static final int FAILURES_UNTOLD = 2;

    private final String directory;
    private final Supplier<List<FileState>> scan;
    private final Duration interval;
    private final FileChangeListener listener;
    private final ScheduledExecutorService timer;
    private final Executor workers;
    private final Consumer<PolledWatch> onEnd;

    private NavigableMap<String, FileState> known = new TreeMap<>();
    private int failures;
    private boolean blind;
    private volatile boolean open = true;
    private boolean hurried;
    private @Nullable Future<?> next;

    PolledWatch(
            String directory,
            Supplier<List<FileState>> scan,
            Duration interval,
            FileChangeListener listener,
            ScheduledExecutorService timer,
            Executor workers,
            Consumer<PolledWatch> onEnd) {
        this.directory = directory;
        this.scan = scan;
        this.interval = interval;
        this.listener = listener;
        this.timer = timer;
        this.workers = workers;
        this.onEnd = onEnd;
    }

    /** Looks for the first time, on the calling thread. */
    void begin() {
        known = states();
        schedule();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        synchronized (this) {
            open = false;
            if (next != null) {
                next.cancel(false);
            }
        }
        onEnd.accept(this);
    }

    /** Looks again without waiting for its time. */
    void lookNow() {
        synchronized (this) {
            if (next == null || !next.cancel(false)) {
                hurried = true;
                return;
            }
        }
        fire();
    }

    private void schedule() {
        try {
            synchronized (this) {
                if (!open) {
                    return;
                }
                if (!hurried) {
                    next = timer.schedule(this::fire, interval.toNanos(), TimeUnit.NANOSECONDS);
                    return;
                }
                hurried = false;
            }
        } catch (RejectedExecutionException e) {
            end(SandboxManager.closedManager(e));
            return;
        }
        fire();
    }

    private void fire() {
        try {
            workers.execute(this::look);
        } catch (RejectedExecutionException e) {
            end(SandboxManager.closedManager(e));
        }
    }

    private void look() {
        if (!open) {
            return;
        }
        try {
            compare();
        } catch (SandboxGoneException | HandleClosedException | SandboxInterruptedException e) {
            end(e);
            return;
        } catch (FileAccessException e) {
            failed(e, e.code().equals("too_many_entries"));
        } catch (RuntimeException e) {
            failed(e, false);
        }
        schedule();
    }

    private void compare() {
        NavigableMap<String, FileState> now;
        try {
            now = states();
        } catch (FileAccessException e) {
            if (!NOT_THERE.contains(e.code())) {
                throw e;
            }
            now = new TreeMap<>();
        }
        failures = 0;
        blind = false;
        List<FileChange> changes = TreeChanges.between(known, now);
        known = now;
        changes.forEach(this::tell);
    }

    private void failed(RuntimeException fault, boolean lasting) {
        failures++;
        LOG.debug("could not look through {}: {}", PathBytes.printable(directory), fault.toString());
        if (!blind && (lasting || failures > FAILURES_UNTOLD)) {
            blind = true;
            tell(new FileChange(FileChange.Kind.MISSED, directory));
        }
    }

    private NavigableMap<String, FileState> states() {
        NavigableMap<String, FileState> states = new TreeMap<>();
        for (FileState state : scan.get()) {
            if (!TemporaryName.isOne(state.path())) {
                states.put(state.path(), state);
            }
        }
        return states;
    }

    private void tell(FileChange change) {
        if (!open) {
            return;
        }
        try {
            listener.changed(change);
        } catch (RuntimeException e) {
            LOG.warn("a listener of file changes failed", e);
        }
    }

    private void end(SandboxException reason) {
        synchronized (this) {
            if (!open) {
                return;
            }
            open = false;
        }
        onEnd.accept(this);
        try {
            listener.ended(reason);
        } catch (RuntimeException e) {
            LOG.warn("a listener of file changes failed", e);
        }
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Tags;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import okio.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows the commands of one connection that have no deadline that their host lives: while any runs, a file in the sandbox
 * changes every two seconds. After eight seconds without a change they end. Safe from many threads.
 */
final class Lease {
    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);

    private final Toolbox toolbox;
    private final Executor workers;
    private final String path = CommandFile.lease(Tags.next());
    private final Set<String> holders = ConcurrentHashMap.newKeySet();
    private final AtomicLong count = new AtomicLong();
    private final AtomicBoolean beating = new AtomicBoolean();

    Lease(Toolbox toolbox, Executor workers) {
        this.toolbox = toolbox;
        this.workers = workers;
    }

    String path() {
        return path;
    }

    /** A command needs it from now on; the first sign may come with the next beat. */
    void hold(String tag) {
        holders.add(tag);
    }

    /** A sign. */
    Toolbox.Upload next() {
        return new Toolbox.Upload(path, ByteString.encodeUtf8(count.incrementAndGet() + "\n"));
    }

    void release(String tag) {
        holders.remove(tag);
    }

    /** Called every two seconds; never blocks, and never throws. */
    void beat() {
        if (holders.isEmpty() || !beating.compareAndSet(false, true)) {
            return;
        }
        try {
            workers.execute(() -> {
                try {
                    toolbox.beat(next());
                } catch (SandboxException e) {
                    LOG.debug("a sign of life was lost: {}", e.getMessage());
                } finally {
                    beating.set(false);
                }
            });
        } catch (RejectedExecutionException e) {
            // the backend is being closed, and the commands end with it
            beating.set(false);
        }
    }
}

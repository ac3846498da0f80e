package dev.sandkeeper.e2b;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Tags;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows the commands of one connection that have no deadline that their host lives: while any runs for longer than two seconds,
 * a file in the sandbox changes every two seconds. After eight seconds without a change they end. Safe from many threads.
 */
final class Lease {
    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
    private static final Duration BEAT = Duration.ofSeconds(2);

    private final Envd envd;
    private final Executor workers;
    private final String path = "/tmp/.sandkeeper-" + Tags.next();
    private final Set<String> holders = ConcurrentHashMap.newKeySet();
    private final AtomicLong count = new AtomicLong();
    private final AtomicBoolean armed = new AtomicBoolean();

    Lease(Envd envd, Executor workers) {
        this.envd = envd;
        this.workers = workers;
    }

    String path() {
        return path;
    }

    /** A command needs it from now on. */
    void hold(String tag) {
        holders.add(tag);
        arm();
    }

    void release(String tag) {
        holders.remove(tag);
    }

    private void arm() {
        if (!holders.isEmpty() && armed.compareAndSet(false, true)) {
            envd.client().after(BEAT, this::beat);
        }
    }

    private void beat() {
        try {
            workers.execute(() -> {
                try {
                    if (!holders.isEmpty()) {
                        envd.upload(path, Envd.ascii(count.incrementAndGet() + "\n"));
                    }
                } catch (SandboxException e) {
                    LOG.debug("a sign of life was lost: {}", e.getMessage());
                } finally {
                    armed.set(false);
                    arm();
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the backend is closed, and its commands end", e);
        }
    }
}

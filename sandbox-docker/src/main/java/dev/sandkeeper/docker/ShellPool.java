package dev.sandkeeper.docker;

import java.io.Closeable;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The shells of one user in one sandbox: each runs one command at a time and waits here between two of them. */
final class ShellPool implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ShellPool.class);
    /** Each takes two of the sandbox's processes. */
    private static final int MOST = 8;
    /** What an exec of its own would take: for longer than that nobody waits for a shell. */
    private static final Duration PATIENCE = Duration.ofMillis(50);

    private final Execs execs;
    private final @Nullable String user;
    private final Guard guard;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<ShellSession> idle = new ArrayDeque<>();
    private final Set<ShellSession> all = new HashSet<>();
    private int opening;
    private int waiting;
    private boolean unsupported;
    private boolean closed;

    ShellPool(Execs execs, @Nullable String user, Guard guard) {
        this.execs = execs;
        this.user = user;
        this.guard = guard;
    }

    /** Opens the first shell, before any command runs. */
    void prepare() {
        ShellSession session = mayOpen() ? open() : null;
        if (session != null) {
            giveBack(session);
        }
    }

    /**
     * Takes a shell, a new one if none is idle.
     *
     * @return nothing if none can be had soon
     */
    @Nullable
    ShellSession take() {
        try {
            ShellSession session = idle();
            if (session != null) {
                return session;
            }
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted("start a command", e);
        }
        return mayOpen() ? open() : null;
    }

    /** An idle one; nothing if a new one is needed, or none can be had. */
    private @Nullable ShellSession idle() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long patience = PATIENCE.toNanos();
            while (!closed && !unsupported) {
                ShellSession session = idle.pollFirst();
                if (session != null) {
                    if (session.usable()) {
                        return session;
                    }
                    LOG.debug("a shell in {} has ended or spoken unasked", execs.ref());
                    drop(session);
                } else if (patience <= 0 || (opening <= waiting && all.size() + opening < MOST)) {
                    return null;
                } else {
                    waiting++;
                    try {
                        patience = changed.awaitNanos(patience);
                    } finally {
                        waiting--;
                    }
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private boolean mayOpen() {
        lock.lock();
        try {
            boolean may = !closed && !unsupported && all.size() + opening < MOST;
            opening += may ? 1 : 0;
            return may;
        } finally {
            lock.unlock();
        }
    }

    /** The caller has counted it as opening. */
    private @Nullable ShellSession open() {
        ShellSession session = null;
        boolean answered = false;
        try {
            session = opened();
            answered = true;
        } finally {
            lock.lock();
            try {
                opening--;
                if (session != null) {
                    all.add(session);
                } else if (answered) {
                    unsupported = true;
                    LOG.debug("the image or the kernel of {} lacks what a lasting shell needs", execs.ref());
                }
                if (closed && session != null) {
                    drop(session);
                    session = null;
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
        return session;
    }

    private @Nullable ShellSession opened() {
        return ShellSession.open(execs, user, guard, guard.hello());
    }

    /** Its command has ended and left nothing. */
    void giveBack(ShellSession session) {
        lock.lock();
        try {
            if (closed) {
                drop(session);
            } else {
                session.rest();
                idle.addFirst(session);
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** It is not to be used again. */
    void discard(ShellSession session) {
        lock.lock();
        try {
            drop(session);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** It goes on with its command, without us. */
    void leave(ShellSession session) {
        session.leave();
        lock.lock();
        try {
            all.remove(session);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void drop(ShellSession session) {
        all.remove(session);
        session.close();
    }

    /** Ends the shells that are idle; the guard ends those that run a command. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            idle.clear();
            all.forEach(ShellSession::leave);
            all.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

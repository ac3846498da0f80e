package dev.sandkeeper.internal;

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

/**
 * The shells of one user in one sandbox: each runs one command at a time and waits here between two of them. Safe from many
 * threads.
 *
 * @param <S> a backend's shell
 */
public final class ShellPool<S extends ShellPool.Shell> implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ShellPool.class);
    /** What a command of its own would take: for longer than that nobody waits for a shell. */
    private static final Duration PATIENCE = Duration.ofMillis(50);

    private final Opener<S> opener;
    private final String sandbox;
    private final int most;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<S> idle = new ArrayDeque<>();
    private final Set<S> all = new HashSet<>();
    private int opening;
    private int waiting;
    private boolean unsupported;
    private boolean closed;

    /** A shell that runs one command after another. None of its methods throws. */
    public interface Shell extends Closeable {
        /**
         * Whether it lives and has said nothing that it was not asked for, as far as is known without asking.
         *
         * @return false if it is not to be used
         */
        boolean usable();

        /** It waits for its next command from now on. */
        void rest();

        /** Lets go of it while it may run a command, with which it goes on. */
        void leave();

        /** Ends it, and nothing that its commands have left behind. */
        @Override
        void close();
    }

    /**
     * Starts shells.
     *
     * @param <S> a backend's shell
     */
    public interface Opener<S> {
        /**
         * Starts one.
         *
         * @return nothing if the sandbox lacks what one needs, for good
         * @throws dev.sandkeeper.SandboxException if it cannot be started now
         */
        @Nullable
        S open();
    }

    /**
     * An empty pool.
     *
     * @param opener starts shells
     * @param sandbox where, for the log
     * @param most how many there are at a time
     */
    public ShellPool(Opener<S> opener, String sandbox, int most) {
        this.opener = opener;
        this.sandbox = sandbox;
        this.most = most;
    }

    /** Opens the first shell, before any command runs. */
    public void prepare() {
        S session = mayOpen() ? open() : null;
        if (session != null) {
            giveBack(session);
        }
    }

    /**
     * Takes a shell, a new one if none is idle.
     *
     * @return nothing if none can be had soon
     * @throws InterruptedException if the calling thread was interrupted
     * @throws dev.sandkeeper.SandboxException if a new one cannot be started now
     */
    public @Nullable S take() throws InterruptedException {
        S session = idle();
        if (session != null) {
            return session;
        }
        return mayOpen() ? open() : null;
    }

    /** An idle one; nothing if a new one is needed, or none can be had. */
    private @Nullable S idle() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long patience = PATIENCE.toNanos();
            while (!closed && !unsupported) {
                S session = idle.pollFirst();
                if (session != null) {
                    if (session.usable()) {
                        return session;
                    }
                    LOG.debug("a shell in {} has ended or spoken unasked", sandbox);
                    drop(session);
                } else if (patience <= 0 || (opening <= waiting && all.size() + opening < most)) {
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
            boolean may = !closed && !unsupported && all.size() + opening < most;
            opening += may ? 1 : 0;
            return may;
        } finally {
            lock.unlock();
        }
    }

    /** The caller has counted it as opening. */
    private @Nullable S open() {
        S session = null;
        boolean answered = false;
        try {
            session = opener.open();
            answered = true;
        } finally {
            lock.lock();
            try {
                opening--;
                if (session != null) {
                    all.add(session);
                } else if (answered) {
                    unsupported = true;
                    LOG.debug("the system of {} lacks what a lasting shell needs", sandbox);
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

    /**
     * Takes a shell back whose command has ended and left nothing.
     *
     * @param session the shell
     */
    public void giveBack(S session) {
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

    /**
     * Ends a shell that is not to be used again.
     *
     * @param session the shell
     */
    public void discard(S session) {
        lock.lock();
        try {
            drop(session);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets a shell go on with its command, without us.
     *
     * @param session the shell
     */
    public void leave(S session) {
        session.leave();
        lock.lock();
        try {
            all.remove(session);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void drop(S session) {
        all.remove(session);
        session.close();
    }

    /** Lets go of all shells and opens no more. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            idle.clear();
            all.forEach(Shell::leave);
            all.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.CommandText;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs commands by shells that stay in the sandbox: a millisecond or two for each, where an exec of the engine takes 40. What
 * a shell cannot do goes to the other channel: a stream of input, a terminal, a command that asks for a fresh process, one with too much
 * text, an image without {@code setsid}, a kernel without audit sessions.
 *
 * <p>Shell and commands run as the same user. A program that reads the shell's memory can end its own command early with
 * an exit code that it likes, and a process of it that nobody saw can do so to later ones; it can kill the shell. None of
 * that reaches the host or another sandbox, and a new shell takes the place of one that is lost.
 */
final class ShellChannel implements CommandChannel, Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ShellChannel.class);

    /** Each takes two of the sandbox's processes. */
    private static final int MOST = 8;

    /** A look at the container takes about as long as a command; of a shell that was busy just now it tells nothing new. */
    private static final Duration UNSEEN = Duration.ofMillis(100);

    private final Execs execs;
    private final CommandChannel other;
    private final Map<String, ShellPool<ShellSession>> pools = new ConcurrentHashMap<>();
    private volatile boolean suspected;

    ShellChannel(Execs execs, CommandChannel other) {
        this.execs = execs;
        this.other = other;
    }

    /** Opens a first shell for a user, before any command runs. */
    void prepare(@Nullable String user, Guard guard) {
        pool(user, guard).prepare();
    }

    private ShellPool<ShellSession> pool(@Nullable String user, Guard guard) {
        return pools.computeIfAbsent(
                user == null ? "" : user,
                name -> new ShellPool<>(() -> ShellSession.open(execs, user, guard, guard.hello()), execs.ref(), MOST));
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input, @Nullable String user, Guard guard) {
        return start(request, input, false, user, guard);
    }

    /** Runs a script of ours for {@code sh -c}, by a copy of the shell itself, which saves it starting two programs. */
    BackendProcess startScript(ProcessRequest request, byte[] input, @Nullable String user, Guard guard) {
        return start(request, input, true, user, guard);
    }

    private BackendProcess start(
            ProcessRequest request, byte[] input, boolean ours, @Nullable String user, Guard guard) {
        if (!request.stdin() && !request.fresh() && request.terminal() == null) {
            String tag = Tags.next();
            byte[] text = CommandText.of(
                    request, input, ours, tag, Deadline.secondsInside(request.deadline(), FreshExec.AFTER_DEADLINE));
            if (text != null) {
                ShellPool<ShellSession> pool = pool(user, guard);
                ShellSession session = take(pool);
                if (session != null) {
                    refuseIfPaused(pool, session);
                    LOG.debug(
                            "runs a command in {} by shell {}",
                            execs.ref(),
                            session.target().pid());
                    return start(request, tag, text, pool, session, guard);
                }
            }
        }
        LOG.debug("runs a command in {} by an exec of its own", execs.ref());
        return other.start(request, input, user, guard);
    }

    private @Nullable ShellSession take(ShellPool<ShellSession> pool) {
        try {
            return pool.take();
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted("start a command", e);
        }
    }

    /** It may have been paused, in this JVM. */
    void suspect() {
        suspected = true;
    }

    /**
     * The shell of a paused sandbox takes a command and is silent, where the engine refuses an exec. Another JVM's pause is
     * not seen within {@link #UNSEEN}: the command then goes on with the sandbox, as one does that was just being started.
     */
    private void refuseIfPaused(ShellPool<ShellSession> pool, ShellSession session) {
        if (!suspected && session.rested().compareTo(UNSEEN) < 0) {
            return;
        }
        boolean runs = false;
        try {
            suspected = false;
            if (execs.isPaused()) {
                throw execs.paused();
            }
            runs = true;
        } finally {
            if (!runs) {
                suspected = true;
                pool.giveBack(session);
            }
        }
    }

    private BackendProcess start(
            ProcessRequest request,
            String tag,
            byte[] text,
            ShellPool<ShellSession> pool,
            ShellSession session,
            Guard guard) {
        boolean started = false;
        try {
            session.stream()
                    .write(text, 0, text.length, Deadline.in(execs.engine().callTimeout()));
            started = true;
            return new ExecProcess(
                    execs,
                    guard,
                    session.target(),
                    new Execs.Started(session.execId(), session.stream()),
                    ExecOutput.withoutHeader(session.stream(), tag),
                    request,
                    new Borrowed(pool, session));
        } catch (IOException e) {
            throw lost(e);
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted("start a command", e);
        } finally {
            if (!started) {
                pool.discard(session);
            }
        }
    }

    private SandboxException lost(IOException e) {
        return execs.lost("start a command", "", e);
    }

    /** The shells of a connection that is closed end, and with the guard their commands. */
    @Override
    public void close() {
        pools.values().forEach(ShellPool::close);
    }

    private record Borrowed(ShellPool<ShellSession> pool, ShellSession session) implements Seat {
        @Override
        public String channel() {
            return "shell";
        }

        @Override
        public boolean lasts() {
            return true;
        }

        @Override
        public void mainEnded() {}

        @Override
        public void release(boolean clean) {
            if (clean) {
                pool.giveBack(session);
            } else {
                pool.discard(session);
            }
        }

        @Override
        public void leave() {
            pool.leave(session);
        }
    }
}

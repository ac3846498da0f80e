package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.http.ProviderSocket;
import dev.sandkeeper.internal.Deadline;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the log of one command until it has told of its end. A connection that is cut is made again and read from the
 * beginning, a refused one replaced by asking, for a minute at most without success; then nothing is known of the command.
 */
final class LogFollower implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(LogFollower.class);
    private static final Duration FIRST_SILENCE = Duration.ofSeconds(2);
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(20);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final long FIRST_PAUSE = 50;
    private static final long LONGEST_PAUSE = 2000;

    private final Toolbox toolbox;
    private final String session;
    private final String command;
    private final String tag;
    private final CommandState state;
    private final LogLines lines;
    private final AtomicReference<@Nullable ProviderSocket> open = new AtomicReference<>();
    private volatile boolean closed;

    LogFollower(Toolbox toolbox, String session, String command, String tag, CommandState state) {
        this.toolbox = toolbox;
        this.session = session;
        this.command = command;
        this.tag = tag;
        this.state = state;
        this.lines = new LogLines(tag, state::accept);
    }

    @Override
    public void run() {
        try {
            follow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            state.fail(lost("the backend is closed", null));
        } catch (RuntimeException e) {
            state.fail(e instanceof SandboxException fault ? fault : lost("its log cannot be read", e));
        }
    }

    private void follow() throws InterruptedException {
        Deadline deadline = Deadline.in(PATIENCE);
        long pause = FIRST_PAUSE;
        while (!done()) {
            SandboxException fault = null;
            try {
                if (readThrough()) {
                    deadline = Deadline.in(PATIENCE);
                    pause = FIRST_PAUSE;
                }
                ask();
            } catch (SandboxGoneException | SandboxInterruptedException e) {
                throw e;
            } catch (SandboxException e) {
                LOG.debug("the log of a command in {} was cut: {}", toolbox.id(), e.getMessage());
                fault = e;
            }
            if (done()) {
                return;
            }
            if (deadline.passed()) {
                throw fault != null ? fault : lost("its log stays incomplete", null);
            }
            TimeUnit.MILLISECONDS.sleep(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
    }

    private boolean done() {
        return closed || state.isOver();
    }

    /** Reads until the other side closes. True if anything came. */
    private boolean readThrough() throws InterruptedException {
        lines.restart();
        boolean any = false;
        Duration silence = FIRST_SILENCE;
        try (ProviderSocket socket = toolbox.follow(session, command)) {
            open.set(socket);
            while (!done()) {
                ProviderSocket.Message message = socket.receive(silence);
                if (message != null) {
                    any = true;
                    lines.accept(message.data().toByteArray());
                } else if (socket.ended()) {
                    return any;
                } else {
                    // a connection that lives is no proof that everything comes through it
                    ask();
                    Duration longer = silence.multipliedBy(2);
                    silence = longer.compareTo(LONGEST_SILENCE) < 0 ? longer : LONGEST_SILENCE;
                }
            }
        } catch (BackendUnavailableException e) {
            if (!any) {
                throw e;
            }
            LOG.debug("a log in {} was cut: {}", toolbox.id(), e.getMessage());
        } finally {
            open.set(null);
        }
        return any;
    }

    /** The log was closed, is silent or could not be followed: the command has ended, or it goes on. */
    private void ask() {
        if (done()) {
            return;
        }
        Optional<Wire.Command> found = toolbox.command(session, command);
        if (found.isEmpty()) {
            throw ended();
        }
        LogLines whole = new LogLines(tag, state::accept);
        toolbox.logs(session, command).ifPresent(log -> whole.accept(log.getBytes(StandardCharsets.UTF_8)));
        if (!done() && found.get().exitCode() != null) {
            throw lost("what runs it in the sandbox was killed", null);
        }
    }

    /** The session was deleted, or the daemon has started anew; or the sandbox is gone. */
    private SandboxException ended() {
        return toolbox.diagnosed(lost("its session is gone", null));
    }

    private BackendUnavailableException lost(String why, @Nullable Throwable cause) {
        Failure failure = toolbox.api()
                .failure(
                        "command_lost",
                        "nothing is known of the end of a command in sandbox " + toolbox.id() + ": " + why);
        return new BackendUnavailableException(failure.cause(cause));
    }

    /** Gives up. */
    void close(SandboxException reason) {
        closed = true;
        state.fail(reason);
        ProviderSocket socket = open.get();
        if (socket != null) {
            socket.close();
        }
    }
}

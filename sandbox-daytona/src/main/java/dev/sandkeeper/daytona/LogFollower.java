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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the log of one command of a session for as long as that is of interest. A connection that is cut is made again and
 * read from the beginning, a refused one replaced by asking, for a minute at most without success; then nothing is known of
 * the command.
 */
final class LogFollower implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(LogFollower.class);
    private static final Duration FIRST_SILENCE = Duration.ofSeconds(2);
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(20);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final long FIRST_PAUSE = 50;
    private static final long LONGEST_PAUSE = 2000;

    /** How often a command is found ended without having told so: the end of its log may come a little later. */
    private static final int CERTAIN = 3;

    private static final Duration LOOK = Duration.ofSeconds(1);

    private final Toolbox toolbox;
    private final String session;
    private final String command;
    private final Reader reader;
    private final LogLines lines;
    private final AtomicReference<@Nullable ProviderSocket> open = new AtomicReference<>();
    private int endings;
    private int refusals;
    private Deadline refused = Deadline.never();
    private boolean heard;
    private volatile boolean closed;

    /** Whom a log is read for. */
    interface Reader {
        /**
         * Takes a line, which may come twice.
         *
         * @throws IllegalArgumentException if it is none that a script prints
         */
        void accept(String tag, List<String> words);

        /** Whether nothing more is of interest. */
        boolean isOver();

        /** Whether something must still come. */
        boolean isAwaited();

        /** The connection is cut. Whether it need not be made again, as nothing will be awaited any more. */
        boolean letsGo();

        /**
         * Nothing has come for a while, and the log has been read.
         *
         * @return false if the daemon says that nobody reads any more what is sent to the command
         */
        boolean silent();

        /** Nothing more will come, and why. */
        void fail(SandboxException reason);
    }

    LogFollower(Toolbox toolbox, String session, String command, Reader reader) {
        this.toolbox = toolbox;
        this.session = session;
        this.command = command;
        this.reader = reader;
        this.lines = new LogLines(reader::accept);
    }

    /**
     * For one command that has a session's command of its own.
     *
     * @param hears whether the daemon still passes on what is sent to it
     */
    static LogFollower of(
            Toolbox toolbox, String session, String command, String tag, CommandState state, BooleanSupplier hears) {
        return new LogFollower(toolbox, session, command, new Reader() {
            @Override
            public void accept(String name, List<String> words) {
                if (name.equals(tag)) {
                    state.accept(words);
                }
            }

            @Override
            public boolean isOver() {
                return state.isOver();
            }

            @Override
            public boolean isAwaited() {
                return !state.isOver();
            }

            @Override
            public boolean letsGo() {
                return state.isOver();
            }

            @Override
            public boolean silent() {
                return hears.getAsBoolean();
            }

            @Override
            public void fail(SandboxException reason) {
                state.fail(reason);
            }
        });
    }

    @Override
    public void run() {
        try {
            follow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reader.fail(lost("the backend is closed", null));
        } catch (RuntimeException e) {
            reader.fail(e instanceof SandboxException fault ? fault : lost("its log cannot be read", e));
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
            if (done() || reader.letsGo()) {
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
        return closed || reader.isOver();
    }

    /** Reads until the other side closes. True if anything came. */
    private boolean readThrough() throws InterruptedException {
        lines.restart();
        boolean any = false;
        Duration silence = FIRST_SILENCE;
        Deadline quiet = Deadline.in(silence);
        try (ProviderSocket socket = toolbox.follow(session, command)) {
            open.set(socket);
            while (!done()) {
                ProviderSocket.Message message = socket.receive(LOOK);
                if (message != null) {
                    any = true;
                    heard = true;
                    quiet = Deadline.in(silence);
                    lines.accept(message.data().toByteArray());
                } else if (socket.ended()) {
                    return any;
                } else if (!reader.isAwaited()) {
                    silence = FIRST_SILENCE;
                    quiet = Deadline.in(silence);
                } else if (quiet.passed()) {
                    // a connection that lives is no proof that everything comes through it
                    ask();
                    listen();
                    Duration longer = silence.multipliedBy(2);
                    silence = longer.compareTo(LONGEST_SILENCE) < 0 ? longer : LONGEST_SILENCE;
                    quiet = Deadline.in(refusals > 0 ? LOOK : silence);
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
        if (done() || !reader.isAwaited()) {
            return;
        }
        Optional<Wire.Command> found = toolbox.command(session, command);
        if (found.isEmpty()) {
            throw ended();
        }
        LogLines whole = new LogLines(reader::accept);
        toolbox.logs(session, command).ifPresent(log -> whole.accept(log.getBytes(StandardCharsets.UTF_8)));
        if (!done() && reader.isAwaited() && found.get().exitCode() != null && ++endings >= CERTAIN) {
            reader.fail(lost("what runs it in the sandbox was killed", null));
        }
    }

    /**
     * A session whose own shell was killed never has an exit code to tell. But nobody reads then what its command is sent, while
     * one that runs has its pipe open, however long it says nothing.
     */
    private void listen() {
        if (done() || !reader.isAwaited()) {
            return;
        }
        if (reader.silent()) {
            refusals = 0;
            return;
        }
        if (++refusals == 1) {
            // one that has not said a word yet may still be about to begin
            refused = Deadline.in(heard ? Duration.ZERO : PATIENCE);
        }
        if (refusals >= CERTAIN && refused.passed() && reader.isAwaited()) {
            reader.fail(lost("what runs it in the sandbox was killed", null));
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

    /** Gives up. Never blocks, and never throws. */
    void close() {
        closed = true;
        ProviderSocket socket = open.get();
        if (socket != null) {
            socket.close();
        }
    }
}

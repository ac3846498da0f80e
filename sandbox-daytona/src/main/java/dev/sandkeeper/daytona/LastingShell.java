package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.internal.Tags;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A command of a session that runs our commands, one after another: each is one line of its input, and all tell of themselves
 * in its one log, which is followed for as long as it lives. A line of which nothing is heard is sent again; the shell passes
 * over one that it has had. It is opened by its first command. Safe from many threads.
 */
final class LastingShell implements ShellPool.Shell, LogFollower.Reader {
    private static final Logger LOG = LoggerFactory.getLogger(LastingShell.class);

    /** The daemon keeps its log as long as its session, and a connection that is made again reads all of it. */
    private static final int MOST_USES = 200;

    private static final long MOST_TOLD = 512 << 10;

    /** The longest line: the shell reads it byte by byte. */
    private static final int LONGEST = 8 * 1024;

    /** Half the time after which it may end by itself. */
    private static final Duration MOST_IDLE = Duration.ofMinutes(5);

    /** For how long a line is sent again of which nothing is heard. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final String TAG_PREFIX = "s-";
    private static final long LAST = Integer.MAX_VALUE;

    private final DaytonaSandbox sandbox;
    private final Toolbox toolbox;
    private final Semaphore places;
    private final String tag = TAG_PREFIX + Tags.next();
    private Sessions.@Nullable Session session;
    private @Nullable String command;
    private @Nullable LogFollower follower;
    private @Nullable Running running;
    private long number;
    private long place = 1;
    private long told;
    private Deadline idle = Deadline.in(MOST_IDLE);
    private boolean entered;
    private boolean spoiled;
    private boolean dead;
    private boolean closed;

    /** Its command. */
    private static final class Running {
        private final String tag;
        private final CommandState state;
        private final String line;
        private final Deadline patience = Deadline.in(PATIENCE);
        private boolean begun;

        Running(String tag, CommandState state, String line) {
            this.tag = tag;
            this.state = state;
            this.line = line;
        }
    }

    /**
     * One that no command has opened yet.
     *
     * @param places how many more may be open
     */
    LastingShell(DaytonaSandbox sandbox, Semaphore places) {
        this.sandbox = sandbox;
        this.toolbox = sandbox.toolbox();
        this.places = places;
    }

    /** Takes a place for it, until it is closed. False if there is none. */
    synchronized boolean enter() {
        entered |= places.tryAcquire();
        return entered;
    }

    /** Whether it is still to be opened. */
    synchronized boolean isNew() {
        return session == null;
    }

    /** Where its next command has its files. */
    synchronized CommandFile place(String name) {
        return CommandFile.shared(name, tag, place);
    }

    static boolean fits(String line) {
        return line.getBytes(StandardCharsets.UTF_8).length <= LONGEST;
    }

    /**
     * Opens it, with its first command.
     *
     * @throws SandboxException if that is not known to run
     */
    void open(String name, CommandState state, String line) {
        toolbox.upload(List.of(new Toolbox.Upload(CommandFile.shellScript(tag), CommandFile.shell(tag, name, line))));
        synchronized (this) {
            number = 1;
            running = new Running(name, state, line);
            running.begun = true;
        }
        String id;
        try {
            id = sandbox.sessions()
                    .exec(false, this::sits, "sh " + CommandFile.shellScript(tag))
                    .command();
        } catch (OutcomeUnknownException e) {
            throw lost("it is not known whether it was started", e);
        }
        LogFollower reading = new LogFollower(toolbox, session().id(), id, this);
        synchronized (this) {
            command = id;
            follower = reading;
        }
        sandbox.follow(() -> {
            reading.run();
            unfollowed();
        });
    }

    private synchronized void sits(Sessions.Session taken) {
        session = taken;
    }

    /**
     * Runs a command.
     *
     * @return false if the shell has ended before it
     * @throws SandboxException if it is not known to run
     */
    boolean run(String name, CommandState state, String text) {
        String line;
        synchronized (this) {
            if (dead) {
                return false;
            }
            number++;
            line = tag + " " + number + " " + name + " " + text.getBytes(StandardCharsets.UTF_8).length + ":"
                    + text.codePointCount(0, text.length()) + " " + text;
            running = new Running(name, state, line);
        }
        try {
            boolean taken = toolbox.inputOnce(session().id(), command(), line);
            if (!taken) {
                ended();
            }
            return taken;
        } catch (BackendUnavailableException | OutcomeUnknownException e) {
            LOG.debug("a command in {} is sent again: {}", toolbox.id(), e.getMessage());
            // where the shell has ended meanwhile, its log tells what of the command
            toolbox.input(session().id(), command(), line);
            return true;
        }
    }

    /** Before its command. */
    private synchronized void ended() {
        dead = true;
        running = null;
    }

    private synchronized Sessions.Session session() {
        if (session == null) {
            throw new IllegalStateException("the shell is not open");
        }
        return session;
    }

    private synchronized String command() {
        if (command == null) {
            throw new IllegalStateException("the shell is not open");
        }
        return command;
    }

    /**
     * Its command has ended.
     *
     * @param clean whether nothing is left of it
     * @param spooled whether files of its output are in its place
     * @return whether it can have another one
     */
    synchronized boolean release(boolean clean, boolean spooled) {
        Running ended = running;
        running = null;
        idle = Deadline.in(MOST_IDLE);
        if (spooled) {
            place++;
        }
        spoiled |= !clean || ended == null || ended.state.timedOut() || ended.state.hostLost();
        return !spoiled && !dead && number < MOST_USES && told < MOST_TOLD;
    }

    @Override
    public void rest() {}

    @Override
    public synchronized boolean usable() {
        return !dead && !idle.passed();
    }

    @Override
    public synchronized void accept(String name, List<String> words) {
        for (String word : words) {
            told += word.length();
        }
        Running current = running;
        if (current == null || !current.tag.equals(name)) {
            return;
        }
        current.begun = true;
        switch (words.get(0)) {
            case "A" -> {}
            case "Z" -> current.state.fail(lost("what ran it in the sandbox was killed", null));
            default -> current.state.accept(words);
        }
    }

    @Override
    public synchronized boolean isOver() {
        dead |= running == null && idle.passed();
        return dead && !isAwaited();
    }

    @Override
    public synchronized boolean isAwaited() {
        return running != null && !running.state.isOver();
    }

    @Override
    public synchronized boolean letsGo() {
        dead |= !isAwaited();
        return dead;
    }

    @Override
    public boolean silent() {
        Running current;
        boolean begun;
        synchronized (this) {
            current = running;
            if (current == null || current.state.isOver()) {
                return true;
            }
            begun = current.begun;
        }
        if (begun) {
            return toolbox.hears(session().id(), command());
        }
        if (current.patience.passed()) {
            fail(lost("its shell does not hear of it", null));
            return true;
        }
        return toolbox.input(session().id(), command(), current.line);
    }

    @Override
    public synchronized void fail(SandboxException reason) {
        dead = true;
        if (running != null) {
            running.state.fail(reason);
        }
    }

    private void unfollowed() {
        boolean unused;
        synchronized (this) {
            dead = true;
            unused = running == null;
        }
        if (unused) {
            close();
        }
    }

    private BackendUnavailableException lost(String why, @Nullable Throwable cause) {
        Failure failure = toolbox.api()
                .failure(
                        "command_lost",
                        "nothing is known of the end of a command in sandbox " + toolbox.id() + ": " + why);
        return new BackendUnavailableException(failure.cause(cause));
    }

    /** What it runs goes on, and the shell ends after that. */
    @Override
    public void leave() {
        close();
    }

    /** Ends its session if nothing runs or may run there, and else the shell alone, once it is done. */
    @Override
    public void close() {
        Sessions.Session left;
        String shell;
        LogFollower reading;
        boolean clean;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (entered) {
                places.release();
            }
            dead = true;
            left = session;
            shell = command;
            reading = follower;
            clean = running == null && !spoiled;
        }
        if (reading != null) {
            reading.close();
        }
        if (left == null) {
            return;
        }
        if (clean || shell == null) {
            sandbox.later(() -> {
                sandbox.sessions().delete(left);
                toolbox.remove(CommandFile.shellDirectory(tag), true);
            });
        } else {
            sandbox.later(() -> toolbox.input(left.id(), shell, tag + " " + LAST + " - 0:0 "));
        }
    }

    /** Ends it with what it runs, as far as the daemon can. */
    void delete() {
        synchronized (this) {
            dead = true;
        }
        sandbox.sessions().delete(session());
    }
}

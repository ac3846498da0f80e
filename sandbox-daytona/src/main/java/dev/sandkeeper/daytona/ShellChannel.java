package dev.sandkeeper.daytona;

import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.Closeable;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands of one sandbox by shells that stay there: one request for each, where a session's command of its own takes an
 * upload, a request and a connection for its log. What a shell cannot do is left to those: a stream of input, a terminal, a
 * command that asks for a fresh process.
 *
 * <p>Shell and commands run as the same user. A program can read the shell's memory and its input, and so lie about later
 * commands; it can kill the shell. None of that reaches the host or another sandbox, and a new shell takes the place of one
 * that is lost.
 */
final class ShellChannel implements Closeable {
    /** Each takes four of the sandbox's processes and a connection. */
    private static final int MOST = 6;

    private final DaytonaSandbox sandbox;
    private final ShellPool<LastingShell> pool;

    /**
     * For one sandbox.
     *
     * @param places how many more shells the backend may have open
     */
    ShellChannel(DaytonaSandbox sandbox, Semaphore places) {
        this.sandbox = sandbox;
        this.pool = new ShellPool<>(
                () -> new LastingShell(sandbox, places), sandbox.toolbox().id(), MOST);
    }

    /** A command of a shell. */
    private record Borrowed(ShellPool<LastingShell> pool, LastingShell shell) implements Seat {
        @Override
        public String channel() {
            return "shell";
        }

        @Override
        public void release(boolean clean, boolean spooled) {
            if (shell.release(clean, spooled)) {
                pool.giveBack(shell);
            } else {
                pool.discard(shell);
            }
        }

        @Override
        public void leave() {
            pool.leave(shell);
        }

        @Override
        public void delete() {
            shell.delete();
        }
    }

    private @Nullable LastingShell take() {
        LastingShell shell;
        try {
            shell = pool.take();
        } catch (InterruptedException e) {
            throw sandbox.toolbox().api().client().interrupted("start a command", e);
        }
        if (shell != null && shell.isNew() && !shell.enter()) {
            pool.discard(shell);
            return null;
        }
        return shell;
    }

    /**
     * Starts a command.
     *
     * @return nothing if none of the shells can take it; it was not started then
     * @throws dev.sandkeeper.SandboxException if it is not known to run
     */
    @Nullable
    SessionCommand start(ProcessRequest request, String tag, byte[] input) {
        SessionCommand started = null;
        // one that has ended has not had the command, so that the next one may; in the end a new one does
        for (int tries = 0; started == null && tries <= MOST; tries++) {
            LastingShell shell = take();
            if (shell == null) {
                return null;
            }
            started = start(shell, request, tag, input);
        }
        return started;
    }

    private @Nullable SessionCommand start(LastingShell shell, ProcessRequest request, String tag, byte[] input) {
        boolean kept = false;
        try {
            CommandFile file = shell.place(tag);
            String line = file.line(request, sandbox.lease(request), input, sandbox.hasEnvironment());
            if (!shell.isNew() && !LastingShell.fits(line)) {
                file = new CommandFile(tag);
                sandbox.write(request, file, input);
                line = file.reference();
            }
            SessionCommand started = start(shell, request, tag, file, line);
            kept = started != null;
            return started;
        } finally {
            if (!kept) {
                pool.discard(shell);
            }
        }
    }

    /**
     * Starts a command whose file has been written, by a shell that is open.
     *
     * @return as above
     */
    @Nullable
    SessionCommand startWritten(ProcessRequest request, String tag, CommandFile file) {
        LastingShell shell = take();
        if (shell == null) {
            return null;
        }
        boolean kept = false;
        try {
            SessionCommand started = shell.isNew() ? null : start(shell, request, tag, file, file.reference());
            kept = started != null;
            return started;
        } finally {
            if (!kept) {
                pool.discard(shell);
            }
        }
    }

    private @Nullable SessionCommand start(
            LastingShell shell, ProcessRequest request, String tag, CommandFile file, String line) {
        CommandState state = new CommandState();
        if (shell.isNew()) {
            shell.open(tag, state, line);
        } else if (!shell.run(tag, state, line)) {
            return null;
        }
        return new SessionCommand(sandbox, request, tag, file, state, new Borrowed(pool, shell), CommandStdin.none());
    }

    /** The shells of a connection that is closed end. */
    @Override
    public void close() {
        pool.close();
    }
}

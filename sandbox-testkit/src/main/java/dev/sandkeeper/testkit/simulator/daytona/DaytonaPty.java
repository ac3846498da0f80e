package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A login shell at a terminal, and those who look at it. Safe from many threads. */
final class DaytonaPty {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaPty.class);

    /** By which a shell that was killed is known. */
    private static final int KILLED = 137;

    private final Plan plan;
    private final DaytonaGuest guest;
    private final Executor workers;
    private final List<Viewer> viewers = new ArrayList<>();
    private final ByteArrayOutputStream unseen = new ByteArrayOutputStream();
    private TerminalSize size;
    private @Nullable BackendProcess shell;
    private @Nullable Integer exitCode;
    private boolean killed;

    /**
     * What was asked for.
     *
     * @param lazy whether the shell starts when somebody connects
     */
    record Plan(
            String id,
            String directory,
            Map<String, String> environment,
            TerminalSize size,
            boolean lazy,
            Instant createdAt) {}

    /** Somebody who has connected. Called by one thread at a time. */
    interface Viewer {
        void output(byte[] bytes);

        void exited(int code, String reason);
    }

    DaytonaPty(Plan plan, DaytonaGuest guest, Executor workers) {
        this.plan = plan;
        this.guest = guest;
        this.workers = workers;
        this.size = plan.size();
    }

    Plan plan() {
        return plan;
    }

    synchronized TerminalSize size() {
        return size;
    }

    synchronized boolean active() {
        return shell != null && exitCode == null;
    }

    synchronized boolean ended() {
        return exitCode != null;
    }

    /** Starts the shell, if it has not been. */
    void start() {
        BackendProcess started;
        synchronized (this) {
            if (shell != null || exitCode != null) {
                return;
            }
            shell = guest.start(
                    List.of("sh", "-c", DaytonaShells.interactive()), plan.environment(), plan.directory(), null, size);
            started = shell;
        }
        workers.execute(() -> pump(started));
    }

    private void pump(BackendProcess started) {
        int code = KILLED;
        try {
            ExitStatus status = started.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) {
                    print(Arrays.copyOfRange(buffer, offset, offset + length));
                }

                @Override
                public void stderr(byte[] buffer, int offset, int length) {
                    stdout(buffer, offset, length);
                }
            });
            code = status.exitCode();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SandboxException e) {
            LOG.debug("the shell of terminal {} was lost: {}", plan.id(), e.getMessage());
        } finally {
            started.close();
            exited(code);
        }
    }

    private synchronized void print(byte[] bytes) {
        if (viewers.isEmpty()) {
            unseen.writeBytes(bytes);
        }
        viewers.forEach(viewer -> viewer.output(bytes));
    }

    private void exited(int code) {
        synchronized (this) {
            if (exitCode != null) {
                return;
            }
            int told = killed ? KILLED : code;
            exitCode = told;
            viewers.forEach(viewer -> viewer.exited(told, reason(told)));
            viewers.clear();
        }
        guest.forget(this);
    }

    static String reason(int code) {
        return switch (code) {
            case 0 -> "";
            case KILLED -> "killed by signal KILL";
            default -> "non-zero exit";
        };
    }

    /** Shows it to somebody: first what nobody has seen yet, then what comes. */
    void connect(Viewer viewer) {
        start();
        synchronized (this) {
            if (unseen.size() > 0) {
                viewer.output(unseen.toByteArray());
                unseen.reset();
            }
            Integer ended = exitCode;
            if (ended == null) {
                viewers.add(viewer);
            } else {
                viewer.exited(ended, reason(ended));
            }
        }
    }

    synchronized void disconnect(Viewer viewer) {
        viewers.remove(viewer);
    }

    /** Types. */
    void type(byte[] keys) {
        BackendProcess running = running();
        if (running == null) {
            return;
        }
        try {
            OutputStream stdin = running.stdin();
            synchronized (stdin) {
                stdin.write(keys);
                stdin.flush();
            }
        } catch (IOException e) {
            LOG.debug("terminal {} takes no more keys: {}", plan.id(), e.getMessage());
        }
    }

    void resize(TerminalSize wanted) {
        BackendProcess running;
        synchronized (this) {
            size = wanted;
            running = shell;
        }
        if (running != null) {
            running.resize(wanted);
        }
    }

    private synchronized @Nullable BackendProcess running() {
        return exitCode == null ? shell : null;
    }

    /** Ends the shell and all that it runs. */
    void kill() {
        BackendProcess running;
        synchronized (this) {
            killed = true;
            running = shell;
        }
        if (running != null) {
            running.end(Duration.ZERO);
        }
        exited(KILLED);
    }

    /** The machine is gone, and the shell with it. */
    void release() {
        BackendProcess running;
        synchronized (this) {
            running = shell;
        }
        if (running != null) {
            running.close();
        }
        exited(KILLED);
    }
}

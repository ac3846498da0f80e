package dev.sandkeeper.local;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.internal.CommandText;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs commands by shells that stay in the sandbox: a millisecond or two for each, where one of its own takes a chain of
 * programs that enter the sandbox. A shell is opened when the first command wants one, which then takes as long as one of its own.
 */
final class ShellCommands implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ShellCommands.class);

    private final Launcher launcher;
    private final Failures failures;
    private final ScheduledExecutorService alarms;
    private final ShellPool<LocalShell> pool;

    ShellCommands(
            Launcher launcher,
            Failures failures,
            ScheduledExecutorService alarms,
            Consumer<? super LocalShell> onBegin,
            Consumer<? super LocalShell> onEnd) {
        this.launcher = launcher;
        this.failures = failures;
        this.alarms = alarms;
        this.pool = new ShellPool<>(
                () -> LocalShell.open(launcher, failures, onBegin, onEnd),
                launcher.ref().toString(),
                launcher.mostShells());
    }

    /**
     * Starts a command.
     *
     * @param input what it reads
     * @param ours whether it is a script of ours for {@code sh -c}, which may run in a copy of the shell itself
     * @return nothing if no shell can run it, or none is to be had soon
     */
    @Nullable
    ShellProcess start(ProcessRequest request, byte[] input, boolean ours) {
        if (request.stdin() || request.fresh()) {
            return null;
        }
        String tag = Tags.next();
        byte[] text = CommandText.of(request, input, ours, tag, 0);
        LocalShell shell = text == null ? null : take();
        if (text == null || shell == null) {
            return null;
        }
        ShellProcess process = new ShellProcess(
                shell,
                pool,
                ExecOutput.withoutHeader(shell.parts(), tag),
                request,
                launcher.ref().id(),
                failures);
        Duration deadline = request.deadline();
        if (deadline != null) {
            long nanos = deadline.plus(Launcher.OVERTIME).toNanos();
            process.alarm(alarms.schedule(
                    () -> launcher.host().executor().execute(process::expire), nanos, TimeUnit.NANOSECONDS));
        }
        try {
            shell.tell(text);
        } catch (IOException e) {
            // It has ended, and its end will tell why.
            LOG.debug("shell {} takes no command: {}", shell.pid(), e.toString());
        }
        LOG.debug("runs a command in {} by shell {}", launcher.ref(), shell.pid());
        return process;
    }

    private @Nullable LocalShell take() {
        try {
            return pool.take();
        } catch (BackendUnavailableException e) {
            LOG.debug("no shell in {} for now: {}", launcher.ref(), e.toString());
            return null;
        } catch (InterruptedException e) {
            throw failures.interrupted("starting a command", launcher.ref().id());
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}

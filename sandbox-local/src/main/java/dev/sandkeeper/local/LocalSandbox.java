package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.internal.BackgroundKeeper;
import dev.sandkeeper.internal.ShellBackground;
import dev.sandkeeper.internal.ShellFiles;
import dev.sandkeeper.internal.ShellMeasures;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Enters one sandbox. */
final class LocalSandbox implements BackendSandbox {
    private static final Logger LOG = LoggerFactory.getLogger(LocalSandbox.class);
    private static final byte[] NOTHING = {};

    private final SandboxRef ref;
    private final Description description;
    private final Launcher launcher;
    private final ShellCommands shells;
    private final ScheduledExecutorService alarms;
    private final Failures failures;
    private final BackendFiles files;
    private final BackendBackground background;
    private final LongSupplier countsMemoryKills;
    private long memoryKills;
    /** What this object has made and keeps alive; null if it has only connected. */
    private final @Nullable Runnable ownsHolder;

    private final Set<Running> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    LocalSandbox(
            SandboxRef ref,
            Description description,
            Launcher launcher,
            ScheduledExecutorService alarms,
            Failures failures,
            BackgroundKeeper keeper,
            LongSupplier countsMemoryKills,
            @Nullable Runnable ownsHolder) {
        this.ref = ref;
        this.description = description;
        this.launcher = launcher;
        this.alarms = alarms;
        this.failures = failures;
        this.ownsHolder = ownsHolder;
        this.shells = new ShellCommands(launcher, failures, alarms, running::add, running::remove);
        this.files = new ShellFiles(
                this::startScript, failures.backend(), launcher.host().executor());
        this.countsMemoryKills = countsMemoryKills;
        this.memoryKills = countsMemoryKills.getAsLong();
        this.background = new ShellBackground(this, failures.backend(), keeper);
    }

    @Override
    public String providerRef() {
        return ref.toString();
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    @Override
    public OptionalLong workspaceBytes() {
        return new ShellMeasures(this, failures.backend()).workspaceBytes();
    }

    @Override
    public synchronized boolean killedForMemory() {
        long before = memoryKills;
        memoryKills = countsMemoryKills.getAsLong();
        return memoryKills > before;
    }

    @Override
    public BackendBackground background() {
        return background;
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        return start(request, NOTHING);
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input) {
        return start(request, input, false);
    }

    private BackendProcess startScript(ProcessRequest request, byte @Nullable [] input) {
        return start(request, input == null ? NOTHING : input, true);
    }

    private BackendProcess start(ProcessRequest request, byte[] input, boolean ours) {
        check(request);
        BackendProcess process = shells.start(request, input, ours);
        if (process != null) {
            return process;
        }
        LOG.debug("runs a command in {} by a process of its own", ref);
        if (input.length == 0) {
            return launch(request);
        }
        BackendProcess fresh = launch(request.withStdin());
        try (OutputStream stdin = fresh.stdin()) {
            stdin.write(input);
        } catch (IOException e) {
            LOG.debug("the command did not read all of its input: {}", e.getMessage());
        }
        return fresh;
    }

    private void check(ProcessRequest request) {
        if (closed) {
            throw failures.closed("the connection to the sandbox");
        }
        failures.checkInterrupt("starting a command", ref.id());
        if (request.user() != null) {
            throw failures.missing(
                    Capability.COMMAND_USER,
                    "user \"" + request.user() + "\" was asked for, but a local sandbox has one user",
                    "Leave user(...) out");
        }
        if (request.terminal() != null) {
            throw failures.missing(
                    Capability.TERMINAL,
                    "terminal was asked for, but a local sandbox gives none",
                    "Leave terminal(...) out, or choose a backend that has it");
        }
        if (!launcher.holderAlive()) {
            throw failures.gone(ref.id());
        }
    }

    private LocalProcess launch(ProcessRequest request) {
        LocalProcess started;
        try {
            started = new LocalProcess(
                    launcher.command(request), request, ref.id(), launcher.host(), failures, running::remove);
        } catch (IOException e) {
            throw failures.unavailable(
                    "command_start_failed", "the command was not started: " + e.getMessage(), ref.id(), e);
        }
        running.add(started);
        Duration deadline = request.deadline();
        if (deadline != null) {
            long nanos = deadline.plus(Launcher.OVERTIME).toNanos();
            started.alarm(alarms.schedule(
                    () -> launcher.host().executor().execute(started::expire), nanos, TimeUnit.NANOSECONDS));
        }
        return started;
    }

    /** Ends the commands that were started here. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        shells.close();
        List<Future<?>> ends =
                running.stream().<Future<?>>map(Running::endLater).toList();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        try {
            for (Future<?> end : ends) {
                end.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("a command of {} has not ended yet: {}", ref, e.toString());
        }
        running.forEach(Running::close);
        if (ownsHolder != null && description.lifetime() == Lifetime.PROCESS) {
            ownsHolder.run();
        }
    }
}

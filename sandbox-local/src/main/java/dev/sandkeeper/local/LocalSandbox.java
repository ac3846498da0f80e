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
import java.nio.file.Path;
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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Enters one sandbox. */
final class LocalSandbox implements BackendSandbox {
    private static final Logger LOG = LoggerFactory.getLogger(LocalSandbox.class);
    /** How long after its deadline a command is ended that its caller has not ended. */
    private static final Duration OVERTIME = Duration.ofSeconds(5);

    private final SandboxRef ref;
    private final Description description;
    private final ProcessIdentity holder;
    private final List<Path> groups;
    private final Host host;
    private final Warden warden;
    private final ScheduledExecutorService alarms;
    private final Failures failures;
    private final BackendFiles files;
    private final BackendBackground background;
    private final LongSupplier countsMemoryKills;
    private long memoryKills;
    /** What this object has made and keeps alive; null if it has only connected. */
    private final @Nullable Runnable ownsHolder;

    private final Set<LocalProcess> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    LocalSandbox(
            SandboxRef ref,
            Description description,
            ProcessIdentity holder,
            List<Path> groups,
            Host host,
            Warden warden,
            ScheduledExecutorService alarms,
            Failures failures,
            BackgroundKeeper keeper,
            LongSupplier countsMemoryKills,
            @Nullable Runnable ownsHolder) {
        this.ref = ref;
        this.description = description;
        this.holder = holder;
        this.groups = groups;
        this.host = host;
        this.warden = warden;
        this.alarms = alarms;
        this.failures = failures;
        this.ownsHolder = ownsHolder;
        this.files = new ShellFiles(this, failures.backend(), host.executor());
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
        if (!holder.alive()) {
            throw failures.gone(ref.id());
        }
        try {
            return launch(request);
        } catch (IOException e) {
            throw failures.unavailable(
                    "command_start_failed", "the command was not started: " + e.getMessage(), ref.id(), e);
        }
    }

    private LocalProcess launch(ProcessRequest request) throws IOException {
        CommandRecord record = new CommandRecord(warden.newRecord(), holder);
        ShellText settings = settings(request, record.file());
        boolean visible = settings.fitsArgument();
        byte[] hidden = visible ? new byte[0] : settings.toBytes();
        byte[] environment = JailArguments.environment(request.environment());
        List<String> command = List.of(
                host.tool("setsid"),
                host.tool("sh"),
                "-c",
                host.scripts().command(),
                "sandkeeper-command",
                visible ? settings.toString() : "",
                Integer.toString(hidden.length),
                Integer.toString(environment.length));
        Process process = host.processBuilder(command).start();
        OutputStream stdin = new CommandInput(process.getOutputStream());
        LocalProcess started = new LocalProcess(
                process,
                record,
                request,
                request.stdin() ? stdin : CommandInput.none(),
                ref.id(),
                host,
                failures,
                running::remove);
        running.add(started);
        try {
            stdin.write(hidden);
            stdin.write(environment);
            if (!request.stdin()) {
                stdin.close();
            }
        } catch (IOException e) {
            // It has ended already, and its end will tell why.
            LOG.debug("a command of {} takes no input: {}", ref, e.toString());
        }
        Duration deadline = request.deadline();
        if (deadline != null) {
            long nanos = deadline.plus(OVERTIME).toNanos();
            started.alarm(alarms.schedule(() -> host.executor().execute(started::expire), nanos, TimeUnit.NANOSECONDS));
        }
        return started;
    }

    private ShellText settings(ProcessRequest request, Path record) {
        Limits limits = description.limits();
        Duration deadline = request.deadline();
        long wait =
                deadline == null ? 0 : deadline.plus(OVERTIME).plusMillis(999).toSeconds();
        ShellText text = new ShellText()
                .assign("record", record)
                .assign("holder", holder.pid())
                .assign("wait", wait)
                .assign("groups", groups.stream().map(Path::toString).collect(Collectors.joining(" ")))
                .assign("become", String.join(" ", host.become(description.uid())))
                .assign("nsenter", host.tool("nsenter"))
                .assign("bwrap", host.tool("bwrap"))
                .assign("net", description.ownNetwork() ? "-n" : "")
                .assign("files", limits.files())
                .assign("memory", limits.addressSpace() / 1024)
                .assign("processes", limits.processesOfUser(description.lifetime()))
                .assign("directory", request.workingDirectory());
        text.raw("set --");
        request.arguments().forEach(argument -> text.raw(" ").word(argument));
        return text.raw("\n");
    }

    /** Ends the commands that were started here. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        List<Future<?>> ends =
                running.stream().<Future<?>>map(LocalProcess::endLater).toList();
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
        running.forEach(LocalProcess::close);
        if (ownsHolder != null && description.lifetime() == Lifetime.PROCESS) {
            ownsHolder.run();
        }
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.http.DownloadedFiles;
import dev.sandkeeper.internal.BytePipe;
import dev.sandkeeper.internal.CommandControl;
import dev.sandkeeper.internal.ShellBackground;
import dev.sandkeeper.internal.ShellFiles;
import dev.sandkeeper.internal.ShellMeasures;
import dev.sandkeeper.internal.ShellVariables;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import okio.ByteString;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one sandbox. */
final class DaytonaSandbox implements BackendSandbox {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaSandbox.class);
    private static final byte[] NOTHING = {};
    private static final Duration CLOSING = Duration.ofSeconds(2);

    private final DaytonaApi api;
    private final Toolbox toolbox;
    private final Map<String, String> labels;
    private final boolean networkOff;
    private final ExecutorService workers;
    private final CommandControl control;
    private final Sessions sessions;
    private final ShellChannel shells;
    private final Lease lease;
    private final BackendFiles files;
    private final BackendBackground background;
    private final ShellMeasures measures;
    private final Set<Live> running = ConcurrentHashMap.newKeySet();
    private long memoryKills;
    private volatile boolean closed;
    private volatile Runnable listener = () -> {};

    DaytonaSandbox(
            DaytonaApi api,
            Toolbox toolbox,
            Map<String, String> labels,
            boolean networkOff,
            String backend,
            ExecutorService workers,
            Semaphore shells) {
        this.api = api;
        this.toolbox = toolbox;
        this.labels = labels;
        this.networkOff = networkOff;
        this.workers = workers;
        this.control = DaemonShell.control(toolbox);
        this.sessions = new Sessions(toolbox);
        this.shells = new ShellChannel(this, shells);
        this.lease = new Lease(toolbox, workers);
        this.files = new DownloadedFiles(new ShellFiles(this::startScript, backend, workers), toolbox::open);
        this.background = new ShellBackground(this, backend, null);
        this.measures = new ShellMeasures(this, backend);
    }

    @Override
    public String providerRef() {
        return toolbox.id();
    }

    Toolbox toolbox() {
        return toolbox;
    }

    CommandControl control() {
        return control;
    }

    Sessions sessions() {
        return sessions;
    }

    /** Every two seconds. */
    void beat() {
        lease.beat();
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        return start(request, NOTHING);
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input) {
        if (closed) {
            throw handleClosed();
        }
        if (request.user() != null) {
            throw missing(Capability.COMMAND_USER, "the daemon runs every command as the sandbox's user");
        }
        for (String name : request.environment().keySet()) {
            if (!ShellVariables.canBeExported(name)) {
                throw new CommandNotStartableException(api.failure(
                                "environment_name_refused",
                                "the name \"" + name + "\" of an environment variable must " + ShellVariables.RULE)
                        .remedy("Choose another name"));
            }
        }
        String tag = CommandFile.TAG_PREFIX + Tags.next();
        if (request.terminal() == null && !request.stdin() && !request.fresh()) {
            SessionCommand command = held(request, tag, () -> running(shells.start(request, tag, input)));
            if (command != null) {
                return command;
            }
        }
        CommandFile file = new CommandFile(tag);
        if (request.terminal() != null) {
            return launch(request, tag, file, 0, List.of());
        }
        if (request.stdin()) {
            return launch(request, tag, file, 2, List.of());
        }
        return input.length == 0
                ? launch(request, tag, file, 0, List.of())
                : launch(request, tag, file, 1, List.of(new Toolbox.Upload(file.input(), ByteString.of(input))));
    }

    /** A script of ours reads all of its input, so that a long one may come first. */
    private BackendProcess startScript(ProcessRequest request, byte @Nullable [] input) {
        if (!request.stdin()) {
            return start(request, input == null ? NOTHING : input);
        }
        if (closed) {
            throw handleClosed();
        }
        String tag = CommandFile.TAG_PREFIX + Tags.next();
        CommandFile file = new CommandFile(tag);
        FedScript script = new FedScript();
        try {
            workers.execute(() -> script.run(content -> feed(request, file, content), () -> begin(request, tag, file)));
        } catch (RejectedExecutionException e) {
            throw handleClosed();
        }
        return script;
    }

    private BackendProcess begin(ProcessRequest request, String tag, CommandFile file) {
        BackendProcess command = held(request, tag, () -> {
            BackendProcess lasting = request.fresh() ? null : running(shells.startWritten(request, tag, file));
            return lasting != null ? lasting : started(request, tag, file, 1);
        });
        return Objects.requireNonNull(command);
    }

    private boolean feed(ProcessRequest request, CommandFile file, BytePipe content) {
        boolean complete = false;
        try {
            toolbox.upload(file.input(), content, written(request, file, 1, List.of()));
            complete = true;
            return true;
        } finally {
            if (!complete) {
                later(() -> toolbox.remove(file.directory(), true));
            }
        }
    }

    /** The file by which a command knows that its host lives; null if its deadline does for it. */
    @Nullable
    String lease(ProcessRequest request) {
        return request.deadline() == null ? lease.path() : null;
    }

    boolean hasEnvironment() {
        return labels.containsKey(Identity.ENVIRONMENT);
    }

    /** Writes a command that has a place of its own, and what it reads. */
    void write(ProcessRequest request, CommandFile file, byte[] input) {
        toolbox.upload(
                input.length == 0
                        ? written(request, file, 0, List.of())
                        : written(request, file, 1, List.of(new Toolbox.Upload(file.input(), ByteString.of(input)))));
    }

    /**
     * Writes a command into the sandbox and starts it.
     *
     * @param kind what it reads, as the script knows it
     */
    private BackendProcess launch(
            ProcessRequest request, String tag, CommandFile file, int kind, List<Toolbox.Upload> more) {
        BackendProcess command = held(request, tag, () -> {
            toolbox.upload(written(request, file, kind, more));
            return started(request, tag, file, kind);
        });
        return Objects.requireNonNull(command);
    }

    /** Starts a command that needs signs of life if it has no deadline, from before its start until its end. */
    private <C extends BackendProcess> @Nullable C held(
            ProcessRequest request, String tag, Supplier<@Nullable C> start) {
        C started = null;
        if (request.deadline() == null) {
            lease.hold(tag);
        }
        try {
            started = start.get();
            return started;
        } finally {
            if (started == null) {
                lease.release(tag);
            }
        }
    }

    private List<Toolbox.Upload> written(
            ProcessRequest request, CommandFile file, int kind, List<Toolbox.Upload> more) {
        List<Toolbox.Upload> uploads = new ArrayList<>(more);
        String leased = lease(request);
        if (leased != null) {
            uploads.add(lease.next());
        }
        uploads.add(new Toolbox.Upload(file.script(), file.content(request, leased, kind, hasEnvironment())));
        return uploads;
    }

    private BackendProcess started(ProcessRequest request, String tag, CommandFile file, int kind) {
        TerminalSize terminal = request.terminal();
        return terminal == null ? inSession(request, tag, file, kind) : terminal(request, tag, file, terminal);
    }

    private SessionCommand inSession(ProcessRequest request, String tag, CommandFile file, int kind) {
        Sessions.Started started;
        try {
            started = sessions.exec(request.fresh(), session -> {}, "sh " + file.script());
        } catch (OutcomeUnknownException e) {
            throw new BackendUnavailableException(api.failure(
                            "command_lost", "it is not known whether a command was started in sandbox " + toolbox.id())
                    .cause(e));
        }
        Sessions.Session session = started.session();
        String command = started.command();
        CommandState state = new CommandState();
        OutputStream stdin = CommandStdin.none();
        BooleanSupplier hears = () -> toolbox.hears(session.id(), command);
        if (kind == 2) {
            CommandStdin fed = new CommandStdin(toolbox, file, state, tag, session.id(), command);
            stdin = fed;
            hears = fed::hears;
        }
        LogFollower follower = LogFollower.of(toolbox, session.id(), command, tag, state, hears);
        SessionCommand process =
                new SessionCommand(this, request, tag, file, state, new SessionSeat(this, session, follower), stdin);
        follow(follower);
        running(process);
        return process;
    }

    /** Reads a log until it is over, on a thread of its own. */
    void follow(Runnable follower) {
        try {
            workers.execute(follower);
        } catch (RejectedExecutionException e) {
            throw handleClosed();
        }
    }

    private @Nullable SessionCommand running(@Nullable SessionCommand process) {
        if (process != null) {
            running.add(process);
            if (closed) {
                process.abandon();
            }
        }
        return process;
    }

    private PtyCommand terminal(ProcessRequest request, String tag, CommandFile file, TerminalSize size) {
        PtyCommand process = PtyCommand.start(this, request, tag, file, size);
        running.add(process);
        if (closed) {
            process.abandon();
        }
        return process;
    }

    /** A command at a terminal has ended, or nothing will be known of it any more. */
    void ended(PtyCommand command, String tag) {
        running.remove(command);
        lease.release(tag);
    }

    /** A command has ended, or nothing will be known of it any more. */
    void ended(SessionCommand command) {
        running.remove(command);
        lease.release(command.tag());
    }

    /** Does something that need not be waited for, if there is still somebody to do it. */
    void later(Runnable task) {
        try {
            workers.execute(() -> {
                try {
                    task.run();
                } catch (SandboxException e) {
                    LOG.debug("something of a command was left in {}: {}", toolbox.id(), e.getMessage());
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("something of a command is left in {}", toolbox.id());
        }
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    @Override
    public BackendBackground background() {
        return background;
    }

    @Override
    public Endpoint endpoint(int port) {
        return PreviewAddress.of(api, toolbox.id(), labels, networkOff, port);
    }

    @Override
    public OptionalLong workspaceBytes() {
        return measures.workspaceBytes();
    }

    /** Daytona tells of the sandbox's end only, so the kernel is asked. */
    @Override
    public synchronized boolean killedForMemory() {
        long before = memoryKills;
        memoryKills = Math.max(before, measures.memoryKills().orElse(before));
        return memoryKills > before;
    }

    /** Told when this is closed. */
    void onClose(Runnable action) {
        listener = action;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        listener.run();
        List<Live> left = running.stream().filter(each -> !each.isOver()).toList();
        boolean interrupted = Thread.interrupted();
        try {
            control.killQuickly(left.stream().map(Live::target).toList(), CLOSING);
        } catch (SandboxException e) {
            // without a sign of life they end by themselves, or at their deadlines
            LOG.debug("commands in {} were not ended: {}", toolbox.id(), e.getMessage());
        } finally {
            left.forEach(Live::abandon);
            shells.close();
            sessions.close().forEach(session -> later(() -> sessions.delete(session)));
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private HandleClosedException handleClosed() {
        return new HandleClosedException(api.failure("handle_closed", "the connection to the sandbox is closed")
                .remedy("Do not close the manager before its sandboxes are done"));
    }

    private CapabilityMissingException missing(Capability capability, String what) {
        return new CapabilityMissingException(
                capability,
                api.failure("capability_missing", "this backend lacks " + capability + ": " + what)
                        .remedy("Leave it out, or choose a backend that has it"));
    }

    /** Null where nothing is set. */
    static @Nullable Integer openFiles(java.util.OptionalInt limit) {
        return limit.isPresent() ? limit.getAsInt() : null;
    }
}

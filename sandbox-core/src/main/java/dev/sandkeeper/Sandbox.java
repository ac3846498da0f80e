package dev.sandkeeper;

import dev.sandkeeper.internal.SnapshotNames;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ResourceUsage;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A handle of one sandbox. Safe from many threads. One that {@link SandboxManager#create} answered owns the sandbox, and
 * closing it destroys the sandbox; one that {@link SandboxManager#connect} answered only lets go.
 *
 * <p>Whatever happens in it counts as activity: a running command, an open stream, a file operation. Once the sandbox has
 * ended every call throws {@link SandboxGoneException}, which says when and why; once the handle or its manager is closed,
 * {@link HandleClosedException}. So do calls that are under way then.
 */
public final class Sandbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sandbox.class);
    private static final Duration BACKEND_GRACE = Duration.ofSeconds(5);
    private static final String TERM = "xterm-256color";

    private final SandboxManager manager;
    private final SandboxId id;
    private final String backend;
    private final Lifetime lifetime;
    private final BackendSandbox connection;
    private final SandboxFiles files;
    private final Watches watches;
    private final CommandRun.Caller caller = new Caller();
    private volatile boolean owns;
    private volatile boolean closed;
    private volatile @Nullable SandboxGoneException ended;

    Sandbox(
            SandboxManager manager,
            SandboxId id,
            String backend,
            Lifetime lifetime,
            BackendSandbox connection,
            boolean owns) {
        this.manager = manager;
        this.id = id;
        this.backend = backend;
        this.lifetime = lifetime;
        this.connection = connection;
        this.owns = owns;
        this.watches = new Watches(connection.files(), this::unnoticed, manager.timer(), manager.workers());
        this.files = new SandboxFiles(connection.files(), this::activity, id, backend, watches);
    }

    private Activity.Scope activity() {
        begin();
        return new Activity.Scope() {
            @Override
            public void close() {
                manager.activity().end(id);
            }

            @Override
            public SandboxException explained(SandboxException fault) {
                return Sandbox.this.explained(fault);
            }
        };
    }

    /** {@return our id: what {@link SandboxManager#connect} takes, in this JVM or another one} */
    public SandboxId id() {
        return id;
    }

    /** {@return the name of the backend that has it} */
    public String backend() {
        return backend;
    }

    /**
     * Runs a command with all defaults to its end; as {@link #exec(Command)}.
     *
     * @param arguments the program and its arguments
     * @return how it ended and what it printed
     */
    public ExecResult exec(String... arguments) {
        return exec(Command.of(arguments));
    }

    /**
     * Runs a command to its end. A deadline ends its whole process tree and is told by {@link ExecResult#timedOut()};
     * output beyond the capture limit is thrown away, so that no amount of it can hurt this JVM.
     *
     * @param command what to run
     * @return how it ended and what it printed; an exit code other than 0 is a result, not an exception
     * @throws CommandNotStartableException if there is no such program, or it cannot be executed
     * @throws CapabilityMissingException if the command needs what the backend lacks
     * @throws SandboxGoneException if the sandbox has ended, also while the command ran
     * @throws SandboxInterruptedException if the calling thread was interrupted; the process tree has been ended then
     * @throws SandboxTimeoutException if it is not known whether the deadline ended the command
     * @throws BackendUnavailableException if the connection was lost; the command ends by its deadline or with this JVM
     */
    public ExecResult exec(Command command) {
        return run(command, null);
    }

    /**
     * Runs a command to its end, as {@link #exec(Command)}, and tells what it prints as it comes. What was captured is in
     * the result all the same: {@code captureLimit(0)} leaves it to the listener alone.
     *
     * @param command what to run
     * @param listener is told of the output; whatever it throws ends the command and is thrown here
     * @return how it ended and what it printed
     * @throws CommandNotStartableException if there is no such program, or it cannot be executed
     * @throws CapabilityMissingException if the command needs what the backend lacks
     * @throws SandboxGoneException if the sandbox has ended, also while the command ran
     * @throws SandboxInterruptedException if the calling thread was interrupted; the process tree has been ended then
     * @throws SandboxTimeoutException if it is not known whether the deadline ended the command
     * @throws BackendUnavailableException if the connection was lost; the command ends by its deadline or with this JVM
     */
    public ExecResult exec(Command command, OutputListener listener) {
        return run(command, Objects.requireNonNull(listener, "listener"));
    }

    private ExecResult run(Command command, @Nullable OutputListener listener) {
        begin();
        long started = System.nanoTime();
        ExitStatus ended = null;
        try {
            byte[] stdin = command.stdin();
            OutputCapture capture = new OutputCapture(command.captureLimit());
            try (BackendProcess process = start(command, stdin)) {
                CommandRun run = new CommandRun(process, command, manager.timer(), manager.workers(), caller);
                if (stdin.length > BackendSandbox.SMALL_INPUT) {
                    run.feed(stdin, true);
                }
                ExitStatus status = listener == null ? pump(run, capture) : listen(run, capture, listener);
                ended = status;
                return new ExecResult(
                        command.arguments().get(0),
                        status,
                        capture.stdout(),
                        capture.stderr(),
                        Duration.ofNanos(System.nanoTime() - started),
                        process.channel());
            }
        } catch (RejectedExecutionException e) {
            throw SandboxManager.closedManager(e);
        } finally {
            manager.activity().end(id);
            manager.commandEnded(id, backend, ended, started);
        }
    }

    private BackendProcess start(Command command, byte[] stdin) {
        ProcessRequest request = request(command, stdin.length > BackendSandbox.SMALL_INPUT);
        try {
            return stdin.length == 0 || request.stdin() ? connection.start(request) : connection.start(request, stdin);
        } catch (SandboxException e) {
            throw explained(e);
        }
    }

    private ExitStatus listen(CommandRun run, OutputCapture capture, OutputListener listener) {
        ListeningSink sink = new ListeningSink(capture, listener, manager.workers(), () -> run.abandon(Duration.ZERO));
        try {
            ExitStatus status = pump(run, sink);
            sink.finish();
            return status;
        } catch (SandboxException e) {
            // what ended the command says more than how it ended
            sink.rethrow();
            throw e;
        }
    }

    private ExitStatus pump(CommandRun run, OutputSink sink) {
        try {
            return run.pump(sink);
        } catch (InterruptedException e) {
            run.abandon(Duration.ZERO);
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(
                    Failure.of("interrupted", "interrupted while a command ran; it has been ended")
                            .sandbox(id)
                            .backend(backend)
                            .cause(e));
        } catch (SandboxInterruptedException e) {
            run.abandon(Duration.ZERO);
            throw e;
        }
    }

    /**
     * Starts a command and answers while it runs. What {@link Command#stdin()} has is written first; the stream stays open.
     *
     * @param command what to run
     * @return the running command; to be closed
     * @throws CommandNotStartableException if it is known already that there is no such program; else
     *     {@link SandboxProcess#onExit()} tells
     * @throws CapabilityMissingException if the command needs what the backend lacks
     * @throws SandboxGoneException if the sandbox has ended
     */
    public SandboxProcess start(Command command) {
        begin();
        long begun = System.nanoTime();
        boolean started = false;
        try {
            BackendProcess backendProcess = connection.start(request(command, true));
            CommandRun run = new CommandRun(backendProcess, command, manager.timer(), manager.workers(), caller);
            SandboxProcess process =
                    new SandboxProcess(backendProcess, run, command.terminal().isPresent(), status -> {
                        manager.activity().end(id);
                        manager.commandEnded(id, backend, status, begun);
                    });
            process.begin(manager.workers());
            started = true;
            byte[] stdin = command.stdin();
            if (stdin.length > 0) {
                run.feed(stdin, false);
            }
            return process;
        } catch (SandboxException e) {
            throw explained(e);
        } catch (RejectedExecutionException e) {
            throw SandboxManager.closedManager(e);
        } finally {
            if (!started) {
                manager.activity().end(id);
                manager.commandEnded(id, backend, null, begun);
            }
        }
    }

    /**
     * Starts a command that outlives this call, this handle and this JVM: it runs until it ends, its deadline is over or the
     * sandbox ends. Any JVM can look after it by {@link #backgroundCommand}. It reads an end of file, and runs as a
     * shell's background jobs do: in a session of its own, INT and QUIT ignored. What it prints is kept in the sandbox, up to
     * {@link Command#captureLimit()} of each stream, half from the beginning and half from the end; that takes up to 1.5
     * times as much of the sandbox's {@code /tmp}. Its deadline is kept inside the sandbox by a process that a hostile program can
     * kill; the sandbox's own end then ends it.
     *
     * <p>Starting and looking after it counts as activity, its running does not: a sandbox with an idle timeout must be touched
     * while the command is wanted.
     *
     * @param name 1 to 64 letters, digits, dots, underscores and hyphens; unique in the sandbox among those that run. One
     *     that has ended is replaced
     * @param command what to run, with the sandbox's user, without {@link Command#stdin()}, and with at most 1 MiB as
     *     {@link Command#captureLimit()}
     * @return the command, which has been started
     * @throws IllegalArgumentException if the name, or something of the command, is not as described
     * @throws SandboxConflictException if one of this name runs
     * @throws CommandNotStartableException if there is no such program, or it cannot be executed
     * @throws CapabilityMissingException if the backend lacks {@link dev.sandkeeper.spi.Capability#BACKGROUND}
     * @throws SandboxGoneException if the sandbox has ended
     */
    public BackgroundCommand startInBackground(String name, Command command) {
        BackgroundNames.check(name);
        BackgroundNames.check(command);
        ProcessRequest plain = request(command, false);
        ProcessRequest process = new ProcessRequest(
                plain.arguments(),
                plain.environment(),
                plain.workingDirectory(),
                null,
                false,
                command.deadline().orElse(null));
        return active(() -> {
            connection
                    .background()
                    .start(new BackgroundRequest(name, process, command.grace(), command.captureLimit()));
            return new BackgroundCommand(this, connection.background(), name);
        });
    }

    /**
     * Looks for a command that was started in the background, by whatever JVM.
     *
     * @param name its name
     * @return the command, running or not, or nothing if there is none
     * @throws CapabilityMissingException if the backend lacks {@link dev.sandkeeper.spi.Capability#BACKGROUND}
     * @throws SandboxGoneException if the sandbox has ended
     */
    public Optional<BackgroundCommand> backgroundCommand(String name) {
        BackgroundNames.check(name);
        return active(() -> connection
                .background()
                .find(name)
                .map(status -> new BackgroundCommand(this, connection.background(), name)));
    }

    /**
     * Lists the commands that were started in the background and have not been removed, by whatever JVM.
     *
     * @return how each is, at most 1,000, sorted by name
     * @throws CapabilityMissingException if the backend lacks {@link dev.sandkeeper.spi.Capability#BACKGROUND}
     * @throws SandboxGoneException if the sandbox has ended
     */
    public List<BackgroundStatus> backgroundCommands() {
        return active(() -> connection.background().list());
    }

    /**
     * Where a service in the sandbox is reached, whether or not it listens already: bound to the loopback interface of the
     * engine's host, at a port that the engine has chosen. The service must listen on all interfaces of the sandbox.
     *
     * @param port where it listens inside, as {@link SandboxSpec.Builder#port} has named it
     * @return the address, the same as long as the sandbox runs
     * @throws CapabilityMissingException if the backend lacks {@link dev.sandkeeper.spi.Capability#PORTS}
     * @throws SpecInvalidException if the sandbox has no network, or its spec has not named the port
     * @throws SandboxGoneException if the sandbox has ended
     */
    public Endpoint endpoint(int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port must be from 1 to 65535: " + port);
        }
        return active(() -> connection.endpoint(port));
    }

    private final class Caller implements CommandRun.Caller {
        /** What it cannot say it does not know: the command's end is told all the same. */
        @Override
        public boolean killedForMemory() {
            try {
                return connection.killedForMemory();
            } catch (SandboxException e) {
                LOG.debug("{}: whether memory ran out is not known: {}", id, e.getMessage());
                return false;
            }
        }

        @Override
        public void requireOpen() {
            if (isCutOff()) {
                throw closedHandle(null);
            }
        }

        @Override
        public SandboxException explained(SandboxException fault) {
            return Sandbox.this.explained(fault);
        }
    }

    /**
     * What it has used so far. Counting takes as long as the provider and a look at every file of the workspace do.
     *
     * @return null stands for what nobody counts
     * @throws SandboxGoneException if the sandbox has ended
     * @throws BackendUnavailableException if the provider did not answer
     */
    public ResourceUsage usage() {
        return active(() -> {
            ResourceUsage told = manager.usage(backend, connection.providerRef());
            if (told.diskBytes() != null) {
                return told;
            }
            OptionalLong disk = connection.workspaceBytes();
            return disk.isEmpty()
                    ? told
                    : new ResourceUsage(told.cpuTime(), told.memoryBytes(), told.peakMemoryBytes(), disk.getAsLong());
        });
    }

    /** A call that counts as activity. */
    <T> T active(Supplier<T> call) {
        begin();
        try {
            return call.get();
        } catch (SandboxException e) {
            throw explained(e);
        } finally {
            manager.activity().end(id);
        }
    }

    /** A call that does not count as activity. */
    private <T> T unnoticed(Supplier<T> call) {
        refuseIfUnusable();
        try {
            return call.get();
        } catch (SandboxException e) {
            throw explained(e);
        }
    }

    private static ProcessRequest request(Command command, boolean stdin) {
        String directory = command.workingDirectory().orElse(SandboxSpec.WORKSPACE);
        return new ProcessRequest(
                command.arguments(),
                environment(command),
                directory.startsWith("/") ? directory : SandboxSpec.WORKSPACE + "/" + directory,
                command.user().orElse(null),
                stdin,
                command.deadline()
                        .map(time -> time.plus(later(command.grace())))
                        .orElse(null),
                command.freshExec(),
                command.terminal().orElse(null));
    }

    private static Map<String, String> environment(Command command) {
        if (command.terminal().isEmpty() || command.environment().containsKey("TERM")) {
            return command.environment();
        }
        Map<String, String> environment = new HashMap<>(command.environment());
        environment.put("TERM", TERM);
        return environment;
    }

    /** A backend kills what outlives its deadline by 5 seconds: a grace may be longer. */
    private static Duration later(Duration grace) {
        return grace.compareTo(BACKEND_GRACE) > 0 ? grace.minus(BACKEND_GRACE) : Duration.ZERO;
    }

    private void begin() {
        refuseIfUnusable();
        manager.activity().begin(id);
        SandboxGoneException gone = ended;
        if (gone != null) {
            manager.activity().end(id);
            throw again(gone);
        }
    }

    /** Whether calls under way have lost their connection to a sandbox that lives. */
    private boolean isCutOff() {
        return closed && ended == null;
    }

    /** What a caller is told of a fault: how a backend's connection breaks off is its own affair. */
    private SandboxException explained(SandboxException fault) {
        if (fault instanceof SandboxGoneException gone) {
            return manager.explain(id, gone);
        }
        boolean ofTheCaller = fault instanceof SandboxInterruptedException
                && Thread.currentThread().isInterrupted();
        return isCutOff() && !ofTheCaller ? closedHandle(fault) : fault;
    }

    private HandleClosedException closedHandle(@Nullable Throwable cause) {
        if (manager.isClosed()) {
            return SandboxManager.closedManager(cause);
        }
        return new HandleClosedException(Failure.of("handle_closed", "this handle of sandbox " + id + " is closed")
                .sandbox(id)
                .backend(backend)
                .remedy("Use the handle before it is closed, or connect(id) for a new one if the sandbox lives")
                .cause(cause));
    }

    private void refuseIfUnusable() {
        if (closed) {
            throw closedHandle(null);
        }
        SandboxGoneException gone = ended;
        if (gone != null) {
            throw again(gone);
        }
    }

    /** An exception of the calling thread, so that its stack trace is its own. */
    private SandboxGoneException again(SandboxGoneException gone) {
        return new SandboxGoneException(
                gone.endedAt().orElse(null),
                gone.reason().orElse(null),
                Failure.of(
                                gone.code(),
                                "sandbox " + id + " has ended: "
                                        + gone.reason().orElse("it is not known why")
                                        + gone.endedAt()
                                                .map(at -> " (" + at + ")")
                                                .orElse(""))
                        .sandbox(id)
                        .backend(backend)
                        .remedy("Create a new one")
                        .cause(gone));
    }

    /**
     * Its files.
     *
     * @return always the same object
     */
    public SandboxFiles files() {
        return files;
    }

    /**
     * Reads its row, or its history if it has ended.
     *
     * @return what the store knows of it
     * @throws StoreUnavailableException if the store did not answer
     */
    public SandboxInfo info() {
        return manager.info(id);
    }

    /**
     * Counts as activity.
     *
     * @throws SandboxGoneException if it has ended
     */
    public void touch() {
        begin();
        manager.activity().end(id);
    }

    /**
     * Gives it another life of this length from now on; as {@link SandboxManager#renew}.
     *
     * @param timeToLive from 1 millisecond to 3,650 days
     * @return when it ends now, which may be earlier than asked for
     */
    public Instant renew(Duration timeToLive) {
        if (closed) {
            refuseIfUnusable();
        }
        return manager.renew(id, timeToLive);
    }

    /**
     * Pauses it: its memory is kept and nothing runs in it. Does nothing if it is paused.
     *
     * @throws CapabilityMissingException if the backend cannot
     * @throws SandboxConflictException if somebody else is pausing or resuming it
     * @throws IllegalStateException if its lifetime is PROCESS, which excludes pausing
     */
    public void pause() {
        refuseIfUnusable();
        if (lifetime == Lifetime.PROCESS) {
            throw new IllegalStateException("sandbox " + id + " has Lifetime.PROCESS, which excludes pause()");
        }
        manager.pause(id);
    }

    /**
     * Resumes it. Does nothing if it is not paused.
     *
     * @throws CapabilityMissingException if the backend cannot
     * @throws SandboxConflictException if somebody else is pausing or resuming it
     */
    public void resume() {
        refuseIfUnusable();
        manager.resume(id);
    }

    /**
     * Makes an image of it as it is now, from which {@link SandboxSpec.Builder#image} creates others at the same backend, and waits
     * until that can be done. What runs in it goes on, though it may be halted for a moment. Counts as activity; takes as long as
     * the provider needs to copy the sandbox, which the backend bounds.
     *
     * <p><b>Nobody cleans it up.</b> A snapshot has no row, no time to live and no policy. It outlives this sandbox and this JVM,
     * costs money at the provider, and stays until {@link SandboxManager#deleteSnapshot} is called. {@link
     * SandboxManager#snapshots} lists all that this deployment has, those included whose making was not heard of.
     *
     * <p>What is kept is what is in the sandbox, secrets that were put there included: its files, and at some providers its
     * memory, with the environment that it was created with. A sandbox that is made from it starts without the commands of this
     * one, in the background or not. What is different at a backend, its own documentation says.
     *
     * @param name 1 to 40 of {@code [a-z0-9-]}; of one snapshot of this deployment and backend at a time
     * @return the snapshot
     * @throws IllegalArgumentException if the name is not as described
     * @throws SandboxConflictException with code {@code snapshot_exists} if there is one of this name: delete it or use another
     *     name; with code {@code sandbox_busy} if the sandbox is paused, or somebody is pausing or resuming it
     * @throws CapabilityMissingException if the backend lacks {@link dev.sandkeeper.spi.Capability#SNAPSHOT}
     * @throws SandboxGoneException if the sandbox has ended
     * @throws OutcomeUnknownException if the answer was lost; {@link SandboxManager#snapshots} tells what came of it
     */
    public Snapshot snapshot(String name) {
        SnapshotNames.check(name);
        return active(() -> manager.snapshot(id, name));
    }

    /**
     * Leaves the sandbox to its policy: closing this handle lets go from now on.
     *
     * @return this handle
     * @throws IllegalStateException if its lifetime is PROCESS, which excludes detaching
     */
    public Sandbox detach() {
        if (lifetime == Lifetime.PROCESS) {
            throw new IllegalStateException("sandbox " + id + " has Lifetime.PROCESS, which excludes detach()");
        }
        owns = false;
        return this;
    }

    /**
     * Ends the sandbox now, from whatever handle, and lets go. May be repeated.
     *
     * @throws SandboxException if it could not be established that nothing is left; the cleanup engine goes on trying
     */
    public void destroy() {
        try {
            manager.destroy(id);
        } finally {
            letGo();
        }
    }

    /**
     * Destroys the sandbox if this handle owns it, else lets go. Never throws for a provider's fault and waits 10 seconds
     * at most: by then the store has it down for cleaning and the engine goes on. Idempotent.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (owns) {
            manager.destroyInBackground(id, connection);
            leave();
        } else {
            letGo();
        }
    }

    void letGo() {
        if (leave()) {
            connection.close();
        }
    }

    /** Whether it was open until now. */
    private boolean leave() {
        synchronized (this) {
            if (closed) {
                return false;
            }
            closed = true;
        }
        manager.forget(this);
        watches.lookNow();
        return true;
    }

    Lifetime lifetime() {
        return lifetime;
    }

    /** The row was claimed, or the provider has it no more. */
    void end(SandboxGoneException reason) {
        if (ended == null) {
            ended = reason;
            watches.lookNow();
        }
    }

    /** It was renewed before anybody had claimed it. */
    void revive() {
        ended = null;
    }

    /** Id and backend. */
    @Override
    public String toString() {
        return "Sandbox[" + id + ", " + backend + "]";
    }
}

package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectExecResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Ulimit;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.internal.NotStarted;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Starts programs in one container, each by an exec of its own, and says what became of them. */
final class Execs {
    /** How our scripts say that no process could be made for them. */
    static final String NO_PROCESS = "fork";

    private static final String WHAT = "run a command";
    /** What the engine, and runc before the engine has noticed, say of a container that has ended. */
    private static final List<String> ENDED =
            List.of("is not running", "in a stopped state", "in a stopped container", "container that has stopped");

    /**
     * The engine detaches a terminal at keys that somebody may well type, unless it is told others: these are none, and the
     * first, for which it waits for the next one, is seldom typed.
     */
    private final Map<String, String> undetachable =
            Map.of("DetachKeys", "ctrl-^," + String.join(",", Tags.next().split("")));

    /** What the kernel says, and a shell, of a process or a thread that cannot be made; capitals vary. */
    private static final List<String> EXHAUSTED =
            List.of("resource temporarily unavailable", "eagain", "can't fork", "cannot fork", "errno=11");

    private final Engine engine;
    private final Inventory inventory;
    private final String ref;
    private final String containerId;
    private final ReentrantReadWriteLock starts = new ReentrantReadWriteLock();
    private volatile @Nullable Long openFiles;

    /** An exec whose streams are ours. */
    record Started(String id, HijackedStream stream) {}

    /** Waits for the first word of a program that has just been started. */
    interface FirstWord<T, X extends Exception> {
        /** Must not wait for a lock that another holds while it starts a program. */
        T await(Started started) throws X, InterruptedException;
    }

    Execs(Engine engine, Inventory inventory, String ref, String containerId) {
        this.engine = engine;
        this.inventory = inventory;
        this.ref = ref;
        this.containerId = containerId;
    }

    String ref() {
        return ref;
    }

    Engine engine() {
        return engine;
    }

    /** Waits until no program is being started here, and keeps any from it until {@link #allowStarts}. */
    void holdStarts() {
        String what = "pause container " + ref;
        try {
            if (!starts.writeLock().tryLock(engine.callTimeout().toNanos(), TimeUnit.NANOSECONDS)) {
                throw engine.faults().timeout(what, engine.callTimeout());
            }
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(what, e);
        }
    }

    void allowStarts() {
        starts.writeLock().unlock();
    }

    /**
     * Starts a program, as {@link #start(String, List, List, boolean, FirstWord)}, without a terminal.
     *
     * @throws X what {@code first} throws
     * @throws InterruptedException what {@code first} throws
     */
    <T, X extends Exception> T start(
            @Nullable String user, List<String> environment, List<String> arguments, FirstWord<T, X> first)
            throws X, InterruptedException {
        return start(user, environment, arguments, false, first);
    }

    /**
     * Starts a program and waits for its first word; closes its streams if that fails. An engine 20.10 hangs for good whose
     * container is paused in between, so this waits while it is being paused.
     *
     * @param user null for the container's own
     * @param environment goes to the engine, never into an argument
     * @param terminal whether it has a terminal; that is of no size yet
     * @throws X what {@code first} throws
     * @throws InterruptedException what {@code first} throws
     */
    <T, X extends Exception> T start(
            @Nullable String user,
            List<String> environment,
            List<String> arguments,
            boolean terminal,
            FirstWord<T, X> first)
            throws X, InterruptedException {
        try {
            starts.readLock().lockInterruptibly();
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(WHAT, e);
        }
        HijackedStream unheard = null;
        try {
            Started started = start(user, environment, arguments, terminal);
            unheard = started.stream();
            T word = first.await(started);
            unheard = null;
            return word;
        } finally {
            starts.readLock().unlock();
            if (unheard != null) {
                unheard.close();
            }
        }
    }

    private Started start(@Nullable String user, List<String> environment, List<String> arguments, boolean terminal) {
        String id;
        try {
            id = engine.createExec(WHAT, containerId, terminal ? undetachable : Map.of(), client -> {
                var command = client.execCreateCmd(containerId)
                        .withAttachStdin(true)
                        .withAttachStdout(true)
                        .withAttachStderr(true)
                        .withTty(terminal)
                        .withEnv(environment)
                        .withCmd(arguments.toArray(String[]::new));
                return user == null ? command : command.withUser(user);
            });
        } catch (DockerException e) {
            throw refused(e.getHttpStatus(), EngineMessages.of(String.valueOf(e.getMessage())));
        }
        try {
            HijackedStream stream =
                    engine.hijack("/exec/" + id + "/start", "{\"Detach\":false,\"Tty\":" + terminal + "}");
            if (terminal) {
                stream.unframed();
            }
            return new Started(id, stream);
        } catch (EngineRefusedException e) {
            throw refused(e.status(), e.engineMessage());
        } catch (IOException e) {
            throw engine.faults().unreachable(WHAT, e);
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(WHAT, e);
        }
    }

    /** Changes the size of an exec's terminal. Does nothing if it has ended. */
    void resize(String id, TerminalSize size) {
        try {
            engine.run(
                    "resize a terminal",
                    client -> client.resizeExecCmd(id)
                            .withSize(size.rows(), size.columns())
                            .exec());
        } catch (DockerException e) {
            boolean runs = inspect(id)
                    .filter(exec -> Boolean.TRUE.equals(exec.isRunning()))
                    .isPresent();
            if (runs) {
                throw refused(e.getHttpStatus(), EngineMessages.of(String.valueOf(e.getMessage())));
            }
        }
    }

    /** What an error of the engine means for whoever wanted to run something. */
    SandboxException refused(int status, String message) {
        if (message.contains("is paused")) {
            return paused();
        }
        if (status == 404 || ENDED.stream().anyMatch(message::contains)) {
            return engine.faults().gone(ref, "it does not run");
        }
        if (message.contains("unable to find user") || message.contains("no matching entries in")) {
            return new CommandNotStartableException(engine.faults()
                    .failure("user_unknown", "the sandbox has no such user: " + message)
                    .remedy("Use a number, or a name that the image's /etc/passwd has"));
        }
        if (message.contains("executable file not found") || message.contains("no such file or directory")) {
            return withoutShell(message);
        }
        if (isGone()) {
            return engine.faults().gone(ref, "it ended");
        }
        if (saysExhausted(message)) {
            return exhausted(message);
        }
        return new BackendUnavailableException(
                failure("exec_failed", "could not run a command in container " + ref + ": " + message)
                        .remedy("Look at the engine's log"));
    }

    /** Often the runtime says only that what it had started is dead. */
    private boolean saysExhausted(String message) {
        String lower = message.toLowerCase(Locale.ROOT);
        return EXHAUSTED.stream().anyMatch(lower::contains)
                || (message.contains("OCI runtime")
                        && ProcessCount.of(engine, containerId).exhausted());
    }

    /**
     * No process could be made: that passes.
     *
     * @param said by whoever found out; empty if that is a script of ours
     */
    BackendUnavailableException exhausted(String said) {
        return new BackendUnavailableException(failure(
                        "process_limit_reached",
                        "a command did not start in container " + ref + ": it has as many processes as it may"
                                + (said.isEmpty() ? "" : " (" + said + ")"))
                .remedy("End the command that makes them, raise maxProcesses, or destroy the sandbox"));
    }

    BackendRejectedException paused() {
        return engine.faults().rejected("sandbox_paused", "container " + ref + " is paused", "Resume it first");
    }

    BackendRejectedException withoutShell(String message) {
        return engine.faults()
                .rejected(
                        "image_without_shell",
                        "the image of container " + ref + " has no sh, cat or sleep that runs: " + message,
                        "Use an image with a POSIX shell, such as one that is based on Debian or Alpine");
    }

    /** Something was lost on the way to a shell, or the engine could not start it and said why. */
    SandboxException lost(String what, String complaint, IOException e) {
        if (!complaint.isEmpty()) {
            return refused(0, complaint);
        }
        return isGone()
                ? engine.faults().gone(ref, "it ended")
                : engine.faults().unreachable(what, e);
    }

    /** How many files a command may open before it asks for more; 0 if the engine's own rule counts. */
    long openFiles() {
        Long known = openFiles;
        if (known == null) {
            Ulimit[] limits = inventory
                    .inspect(containerId)
                    .orElseThrow(() -> engine.faults().gone(ref, "the engine does not have it"))
                    .getHostConfig()
                    .getUlimits();
            known = Stream.of(limits == null ? new Ulimit[0] : limits)
                    .filter(limit -> limit.getName().equals("nofile") && limit.getSoftLong() != null)
                    .mapToLong(Ulimit::getSoftLong)
                    .filter(soft -> soft > 0)
                    .findFirst()
                    .orElse(0);
            openFiles = known;
        }
        return known;
    }

    /** Whether the container has ended for good. */
    boolean isGone() {
        Optional<InspectContainerResponse> container = inventory.inspect(containerId);
        return container.isEmpty() || Inventory.state(container.get()) == ProviderState.GONE;
    }

    boolean isPaused() {
        return inventory
                .inspect(containerId)
                .filter(container -> Inventory.state(container) == ProviderState.PAUSED)
                .isPresent();
    }

    /** What is known of an exec; nothing if the engine has forgotten it, as it does when it or the container ends. */
    Optional<InspectExecResponse> inspect(String id) {
        try {
            return Optional.of(engine.call(
                    "look at a command", client -> client.inspectExecCmd(id).exec()));
        } catch (NotFoundException e) {
            return Optional.empty();
        } catch (DockerException e) {
            throw refused(e.getHttpStatus(), EngineMessages.of(String.valueOf(e.getMessage())));
        }
    }

    /** Ends the container with everything in it. */
    void killContainer() {
        try {
            engine.run(
                    "kill container " + ref,
                    client -> client.killContainerCmd(containerId).exec());
        } catch (NotFoundException e) {
            // it is gone, as it should be
        } catch (DockerException e) {
            if (!isGone()) {
                throw engine.faults().refused("kill container " + ref, e);
            }
        }
    }

    /**
     * Why a program did not start.
     *
     * @param reason {@code cwd}, {@code fork}, 126 or 127, as our scripts say it
     */
    SandboxException notStartable(ProcessRequest request, String reason) {
        return reason.equals(NO_PROCESS)
                ? exhausted("")
                : NotStarted.exception(reason, request, "image", this::failure);
    }

    Failure failure(String code, String message) {
        return engine.faults().failure(code, message);
    }
}

package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxTimeoutException;
import dev.sandkeeper.internal.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes one sandbox, or leaves nothing. */
final class Creation {
    private static final Duration SHELL_ENDS = Duration.ofSeconds(2);

    private final Engine engine;
    private final Inventory inventory;
    private final Removal removal;
    private final HostVolumes volumes;
    private final ContainerPlan plan;
    private final Identity identity;
    private final Deadline deadline;
    private final Duration bound;
    private final Consumer<String> progress;
    private boolean answerLost;

    Creation(
            Engine engine,
            Inventory inventory,
            Removal removal,
            HostVolumes volumes,
            ContainerPlan plan,
            Identity identity,
            Duration bound,
            Consumer<String> progress) {
        this.engine = engine;
        this.inventory = inventory;
        this.removal = removal;
        this.volumes = volumes;
        this.plan = plan;
        this.identity = identity;
        this.bound = bound;
        this.deadline = Deadline.in(bound);
        this.progress = progress;
    }

    DockerSandbox run() {
        engine.greeting();
        HijackedStream lease = null;
        DockerSandbox sandbox = null;
        try {
            String id = createContainer();
            if (plan.endsWithHost()) {
                lease = attach(id);
            }
            sandbox = new DockerSandbox(engine, inventory, identity.ref(), id, plan.user(), lease);
            boolean given = plan.userNumbers()
                    .filter(numbers -> give(id, numbers[0], numbers[1]))
                    .isPresent();
            start(id);
            own(sandbox, id, given);
            return sandbox;
        } catch (NameTakenException e) {
            throw engine.faults()
                    .rejected(
                            "sandbox_exists",
                            "there is a container " + identity.ref() + " already",
                            "An id is used once: destroy that sandbox, or create another one");
        } catch (SandboxException e) {
            SandboxException known = explained(e);
            letGo(sandbox, lease);
            throw cleanUp(known);
        } catch (RuntimeException | Error e) {
            letGo(sandbox, lease);
            cleanUp(engine.faults().unavailable("create_failed", "creating failed", e));
            throw e;
        }
    }

    private static void letGo(@Nullable DockerSandbox sandbox, @Nullable HijackedStream lease) {
        if (sandbox != null) {
            sandbox.close();
        } else if (lease != null) {
            lease.close();
        }
    }

    private String createContainer() {
        String what = "create container " + identity.ref();
        try {
            return createOnce(what);
        } catch (NotFoundException e) {
            if (!EngineMessages.of(String.valueOf(e.getMessage())).contains("No such image")) {
                throw engine.faults().refused(what, e);
            }
        }
        new ImagePull(engine).pull(plan.image(), progress, left());
        try {
            return createOnce(what);
        } catch (NotFoundException e) {
            throw engine.faults().refused(what, e);
        }
    }

    private String createOnce(String what) {
        try {
            return engine.createContainer(what, soon(), identity.ref(), plan::command);
        } catch (BackendUnavailableException e) {
            answerLost = true;
            throw e;
        } catch (NotFoundException e) {
            throw e;
        } catch (ConflictException e) {
            if (String.valueOf(e.getMessage()).contains("already in use")) {
                throw new NameTakenException(e);
            }
            throw engine.faults().refused(what, e);
        } catch (DockerException e) {
            throw refused(what, e);
        }
    }

    private void start(String id) {
        String what = "start container " + identity.ref();
        try {
            engine.run(what, soon(), client -> client.startContainerCmd(id).exec());
        } catch (DockerException e) {
            throw refused(what, e);
        }
    }

    private SandboxException refused(String what, DockerException e) {
        String message = EngineMessages.of(String.valueOf(e.getMessage()));
        if (message.contains("runtime")
                && (message.contains("unknown or invalid") || message.contains("Unknown runtime"))) {
            return engine.faults()
                    .rejected(
                            "runtime_missing",
                            "the engine lacks the runtime that is demanded: " + message,
                            "Install it at the engine, or leave runtime(...) out and so accept its default");
        }
        if (message.contains("exec: \"sh\"")) {
            return withoutShell(message);
        }
        return engine.faults().refused(what, e);
    }

    private SandboxException withoutShell(String message) {
        return new Execs(engine, inventory, identity.ref(), identity.ref()).withoutShell(message);
    }

    /** Holds the container's input before it starts: when this JVM ends, so does that, and so does the container. */
    private HijackedStream attach(String id) {
        String what = "attach to container " + identity.ref();
        try {
            return engine.hijack("/containers/" + id + "/attach?stream=1&stdin=1", "");
        } catch (EngineRefusedException e) {
            throw engine.faults().refused(what, e.status(), e.engineMessage());
        } catch (IOException e) {
            throw engine.faults().unreachable(what, e);
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(what, e);
        }
    }

    /** Gives the workspace to its user without the engine, where that can be done. */
    private boolean give(String id, int uid, int gid) {
        if (!volumes.mayBeHere()) {
            return false;
        }
        return inventory.inspect(id).map(InspectContainerResponse::getMounts).stream()
                .flatMap(List::stream)
                .filter(mount -> mount.getDestination() != null
                        && SandboxSpec.WORKSPACE.equals(mount.getDestination().getPath())
                        && "local".equals(mount.getDriver())
                        && mount.getSource() != null
                        && mount.getName() != null)
                .anyMatch(mount -> volumes.give(Path.of(mount.getSource()), mount.getName(), uid, gid));
    }

    /**
     * Opens the shell that watches commands, before any of them runs, and makes the workspace the command user's. Where
     * the user is known by number the engine does both at the same time: each takes it as long as the other.
     *
     * @param given whether it is the user's already
     */
    private void own(DockerSandbox sandbox, String id, boolean given) {
        Optional<int[]> numbers = given ? Optional.empty() : plan.userNumbers();
        Future<?> owned =
                numbers.map(n -> engine.submit(() -> setOwner(id, n[0], n[1]))).orElse(null);
        GuardLink.Hello hello = sandbox.guard(plan.user()).hello();
        // not beside what comes after: an engine hangs whose container is paused while an exec is being started in it
        sandbox.prepare();
        if (owned != null) {
            await(owned);
        } else if (!hello.ownsWorkspace()) {
            if (given) {
                // the engine counts users otherwise than this host
                volumes.giveUp();
            }
            setOwner(id, hello.uid(), hello.gid());
        }
        if (!sandbox.guard(plan.user()).ownsWorkspace()) {
            throw engine.faults()
                    .rejected(
                            "workspace_not_owned",
                            "could not give the workspace to user " + plan.user()
                                    + ": the engine did not set the owner",
                            "Name disk(...), which sets it in another way, or report the engine's version");
        }
    }

    private void await(Future<?> owned) {
        String what = "give the workspace to user " + plan.user();
        try {
            owned.get(soon().toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(what, e);
        } catch (TimeoutException e) {
            throw engine.faults().timeout(what, bound);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SandboxException known) {
                throw known;
            }
            throw engine.faults().unreachable(what, e.getCause() == null ? e : e.getCause());
        } finally {
            owned.cancel(true);
        }
    }

    private void setOwner(String id, int uid, int gid) {
        String what = "give the workspace to user " + plan.user();
        try {
            EngineResponse response = engine.request(
                    "PUT",
                    "/containers/" + id + "/archive?path=/workspace",
                    WorkspaceOwner.archive(uid, gid),
                    "application/x-tar");
            if (response.status() != 200) {
                throw engine.faults().refused(what, response.status(), response.message());
            }
        } catch (IOException e) {
            throw engine.faults().unreachable(what, e);
        } catch (InterruptedException e) {
            throw engine.faults().interrupted(what, e);
        }
    }

    /** Says why the container ended at once, if it did: without a shell in the image its first process cannot run. */
    private SandboxException explained(SandboxException e) {
        if (e instanceof SandboxInterruptedException) {
            return e;
        }
        if (deadline.passed()) {
            return new SandboxTimeoutException(engine.faults()
                    .failure("create_timed_out", "creating did not end within createTimeout (" + bound + ")")
                    .sandbox(identity.sandboxId())
                    .remedy("Allow more, or fetch the image beforehand")
                    .cause(e));
        }
        try {
            Deadline patience = Deadline.in(SHELL_ENDS);
            Optional<InspectContainerResponse> container = inventory.inspect(identity.ref());
            while (container.isPresent() && !patience.passed()) {
                Long code = container.get().getState().getExitCodeLong();
                boolean running = Boolean.TRUE.equals(container.get().getState().getRunning());
                if (!running && code != null && (code == 127 || code == 126)) {
                    return withoutShell("it ended with " + code);
                }
                if (!running) {
                    return e;
                }
                TimeUnit.MILLISECONDS.sleep(50);
                container = inventory.inspect(identity.ref());
            }
        } catch (SandboxException unknown) {
            e.addSuppressed(unknown);
        } catch (InterruptedException interrupted) {
            return engine.faults().interrupted("create a sandbox", interrupted);
        }
        return e;
    }

    /** Removes what was made. An interrupt waits until that is done. */
    private SandboxException cleanUp(SandboxException reason) {
        boolean interrupted = Thread.interrupted();
        try {
            boolean found = removal.destroy(identity.ref());
            if (answerLost && !found) {
                return unknown(reason, "the engine did not answer, and may still make it");
            }
            return reason;
        } catch (SandboxException e) {
            SandboxException unknown = unknown(reason, "what was made of it could not be removed: " + e.getMessage());
            unknown.addSuppressed(e);
            return unknown;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private OutcomeUnknownException unknown(SandboxException reason, String why) {
        return new OutcomeUnknownException(engine.faults()
                .failure("outcome_unknown", "creating failed, and " + why)
                .sandbox(identity.sandboxId())
                .remedy("Find it by its id later, and destroy it")
                .cause(reason));
    }

    private Duration soon() {
        return deadline.orSooner(engine.callTimeout()).time();
    }

    private Duration left() {
        return deadline.time();
    }

    /** Somebody has the name. */
    private static final class NameTakenException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NameTakenException(Throwable cause) {
            super(cause);
        }
    }
}

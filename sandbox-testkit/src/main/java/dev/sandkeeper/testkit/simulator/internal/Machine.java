package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ResourceUsage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The real sandbox behind a simulated one. Safe from many threads. */
public final class Machine {
    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);

    private final Machines machines;
    private final BackendSandbox sandbox;
    private final Set<BackendProcess> processes = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean destroyed = new AtomicBoolean();

    Machine(Machines machines, BackendSandbox sandbox) {
        this.machines = machines;
        this.sandbox = sandbox;
    }

    /**
     * The backing backend's name for it.
     *
     * @return the reference
     */
    public String ref() {
        return sandbox.providerRef();
    }

    /**
     * Whether the backing backend can do something.
     *
     * @param capability what
     * @return whether it can
     */
    public boolean can(Capability capability) {
        return machines.backing().capabilities().contains(capability);
    }

    /**
     * Its files.
     *
     * @return always the same object
     */
    public BackendFiles files() {
        return sandbox.files();
    }

    /**
     * The sandbox itself.
     *
     * @return for what this class does not offer
     */
    public BackendSandbox sandbox() {
        return sandbox;
    }

    /**
     * Starts a command. Another user is asked for only where the backend knows any.
     *
     * @param request what to start
     * @return the command; {@link #ended} is to be told of its end
     * @throws SandboxException whatever the backend throws
     */
    public BackendProcess start(ProcessRequest request) {
        ProcessRequest possible = request.user() == null || can(Capability.COMMAND_USER)
                ? request
                : new ProcessRequest(
                        request.arguments(),
                        request.environment(),
                        request.workingDirectory(),
                        null,
                        request.stdin(),
                        request.deadline(),
                        request.fresh(),
                        request.terminal());
        BackendProcess process = sandbox.start(possible);
        processes.add(process);
        return process;
    }

    /**
     * Forgets a command that has ended.
     *
     * @param process what {@link #start} has answered
     */
    public void ended(BackendProcess process) {
        processes.remove(process);
        process.close();
    }

    /**
     * Runs a short script to its end.
     *
     * @param script for {@code sh}
     * @param user null for the sandbox's
     * @param arguments {@code $1} and so on
     * @return what it printed, followed by what it complained of
     * @throws InterruptedException if the calling thread was interrupted
     */
    public Ran script(String script, @Nullable String user, String... arguments) throws InterruptedException {
        List<String> all = new ArrayList<>(List.of("sh", "-c", script, "sh"));
        all.addAll(List.of(arguments));
        BackendProcess process = start(new ProcessRequest(all, Map.of(), "/", user, false, Duration.ofSeconds(30)));
        try {
            Collected output = new Collected();
            int code = process.pump(output).exitCode();
            return new Ran(code, output.text());
        } finally {
            ended(process);
        }
    }

    /**
     * How a script ended.
     *
     * @param exitCode of the shell
     * @param text all output, read as UTF-8
     */
    public record Ran(int exitCode, String text) {}

    /**
     * What it uses.
     *
     * @return nothing where the backend does not tell
     */
    public Optional<ResourceUsage> usage() {
        return machines.backing().usage(ref());
    }

    /** Halts it, or where the backend cannot, the commands that were started here. */
    public void pause() {
        if (can(Capability.PAUSE)) {
            machines.backing().pause(ref());
        } else {
            signalAll(Signal.STOP);
        }
    }

    /** Lets it go on. */
    public void resume() {
        if (can(Capability.PAUSE)) {
            machines.backing().resume(ref());
        } else {
            signalAll(Signal.CONT);
        }
    }

    private void signalAll(Signal signal) {
        for (BackendProcess process : processes) {
            try {
                process.signal(signal);
            } catch (SandboxException e) {
                LOG.debug("{} did not reach a command: {}", signal, e.toString());
            }
        }
    }

    /** Destroys it, whatever runs in it. Idempotent. */
    public void destroy() {
        if (!destroyed.compareAndSet(false, true)) {
            return;
        }
        try {
            sandbox.close();
            machines.backing().destroy(ref());
        } catch (SandboxInterruptedException e) {
            // the simulator is being closed, which destroys whatever is left
            LOG.debug("the sandbox {} is left to be destroyed later", ref());
        } catch (SandboxException e) {
            LOG.debug("the sandbox {} may be left until the simulator is closed: {}", ref(), e.toString());
        } finally {
            processes.clear();
            machines.destroyed(this);
        }
    }

    /**
     * Whether it was destroyed.
     *
     * @return true from the moment when that began
     */
    public boolean isDestroyed() {
        return destroyed.get();
    }

    private static final class Collected implements OutputSink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public synchronized void stdout(byte[] buffer, int offset, int length) {
            bytes.write(buffer, offset, length);
        }

        @Override
        public synchronized void stderr(byte[] buffer, int offset, int length) {
            bytes.write(buffer, offset, length);
        }

        synchronized String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }
}

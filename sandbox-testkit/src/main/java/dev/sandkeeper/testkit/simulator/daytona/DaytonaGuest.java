package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs behind a simulated sandbox: a real one of another backend, and in it what the provider's daemon keeps. Safe from many
 * threads.
 */
final class DaytonaGuest {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaGuest.class);

    /** Nothing that the daemon runs for itself takes so long. */
    private static final Duration SHORT = Duration.ofSeconds(30);

    private final SandboxBackend backing;
    private final Machine machine;
    private final Executor workers;
    private final Map<String, DaytonaSession> sessions = new LinkedHashMap<>();
    private final Map<String, DaytonaPty> ptys = new LinkedHashMap<>();
    private final Map<String, String> later = new LinkedHashMap<>();
    private @Nullable BackendSandbox sandbox;
    private @Nullable String home;

    DaytonaGuest(SandboxBackend backing, Machine machine, Executor workers) {
        this.backing = backing;
        this.machine = machine;
        this.sandbox = machine.sandbox();
        this.workers = workers;
    }

    /**
     * The sandbox, if it runs.
     *
     * @throws DaytonaDown if it does not
     */
    synchronized BackendSandbox sandbox() {
        if (sandbox == null) {
            throw new DaytonaDown();
        }
        return sandbox;
    }

    synchronized boolean running() {
        return sandbox != null;
    }

    /** Lets it run again. */
    void start() {
        BackendSandbox attached = backing.attach(machine.ref());
        synchronized (this) {
            sandbox = attached;
        }
    }

    /** Something to be done with the sandbox. */
    @FunctionalInterface
    interface Use<T> {
        T with(BackendSandbox sandbox) throws IOException;
    }

    /** Uses the sandbox, whether or not it runs as far as clients know. */
    <T> T whileAttached(Use<T> use) throws IOException {
        BackendSandbox running;
        synchronized (this) {
            running = sandbox;
        }
        if (running != null) {
            return use.with(running);
        }
        try (BackendSandbox attached = backing.attach(machine.ref())) {
            return use.with(attached);
        }
    }

    /** Ends all that runs in it and keeps its files. */
    void stop(Duration grace) {
        try {
            backing.terminate(machine.ref(), grace);
        } finally {
            release();
        }
    }

    /** Nothing is left of it. */
    void destroy() {
        release();
        machine.destroy();
    }

    /** The connection is cut, whatever runs. */
    private void release() {
        BackendSandbox connected;
        List<DaytonaSession> ending;
        List<DaytonaPty> closing;
        synchronized (this) {
            connected = sandbox;
            sandbox = null;
            ending = List.copyOf(sessions.values());
            closing = List.copyOf(ptys.values());
            sessions.clear();
            ptys.clear();
        }
        ending.forEach(DaytonaSession::release);
        closing.forEach(DaytonaPty::release);
        if (connected != null) {
            connected.close();
        }
    }

    /** A script of the daemon's own; its words are {@code $1} and so on. */
    DaytonaRun script(String text, String... words) throws InterruptedException {
        return DaytonaRun.of(sandbox().start(shell(SHORT, text, words), new byte[0]));
    }

    /** The same, in whose standard input stands what is too much for its words, at most {@link BackendSandbox#SMALL_INPUT}. */
    DaytonaRun feed(byte[] input, String text, String... words) throws InterruptedException {
        return DaytonaRun.of(sandbox().start(shell(SHORT, text, words), input));
    }

    /** The same, running for as long as it likes, with a standard input to be written. */
    BackendProcess open(String text, String... words) {
        return sandbox().start(shell(null, text, words).withStdin());
    }

    private static ProcessRequest shell(@Nullable Duration deadline, String text, String... words) {
        List<String> arguments = new ArrayList<>(List.of("sh", "-c", "LC_ALL=C; export LC_ALL; " + text, "sh"));
        arguments.addAll(List.of(words));
        return new ProcessRequest(arguments, Map.of(), SandboxSpec.WORKSPACE, null, false, deadline);
    }

    /**
     * Starts what a client has asked for.
     *
     * @param input its whole standard input; null if it is written later
     */
    BackendProcess start(
            List<String> arguments,
            Map<String, String> environment,
            String directory,
            byte @Nullable [] input,
            @Nullable TerminalSize terminal) {
        ProcessRequest request = new ProcessRequest(
                arguments, withLater(environment), directory, null, input == null, null, false, terminal);
        if (input == null) {
            return sandbox().start(request);
        }
        if (input.length <= BackendSandbox.SMALL_INPUT) {
            return sandbox().start(request, input);
        }
        BackendProcess process = sandbox().start(request.withStdin());
        workers.execute(() -> write(process, input));
        return process;
    }

    private synchronized Map<String, String> withLater(Map<String, String> environment) {
        Map<String, String> all = new LinkedHashMap<>(later);
        all.putAll(environment);
        return all;
    }

    /** Changes the environment of what is started from now on. */
    synchronized void change(Map<String, String> set, List<String> unset, @Nullable String unsetValuePrefix) {
        if (unsetValuePrefix != null && !unsetValuePrefix.isEmpty()) {
            later.values().removeIf(value -> value.startsWith(unsetValuePrefix));
        }
        unset.forEach(later::remove);
        later.putAll(set);
    }

    private static void write(BackendProcess process, byte[] input) {
        try (OutputStream stdin = process.stdin()) {
            stdin.write(input);
        } catch (IOException e) {
            LOG.debug("a command did not read all of its input: {}", e.getMessage());
        }
    }

    /** Where relative paths start. */
    String workDirectory() {
        return SandboxSpec.WORKSPACE;
    }

    String homeDirectory() throws InterruptedException {
        String known;
        synchronized (this) {
            known = home;
        }
        if (known == null) {
            known = script("printf %s \"${HOME:-$PWD}\"").text();
            synchronized (this) {
                home = known;
            }
        }
        return known;
    }

    /** The absolute form of a path that a client names. */
    String absolute(String path) {
        return path.startsWith("/") ? path : workDirectory() + "/" + path;
    }

    void createSession(String id, String directory) {
        DaytonaSession session;
        synchronized (this) {
            if (sessions.containsKey(id)) {
                throw DaytonaRefusal.conflict("conflict: session already exists");
            }
            session = new DaytonaSession(
                    id, start(List.of("sh", "-c", DaytonaShells.reading()), Map.of(), directory, null, null));
            sessions.put(id, session);
        }
        workers.execute(() -> pump(session));
    }

    private static void pump(DaytonaSession session) {
        try {
            session.pump();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SandboxException e) {
            LOG.debug("the shell of session {} was lost: {}", session.id(), e.getMessage());
        }
    }

    synchronized DaytonaSession session(String id) {
        return Optional.ofNullable(sessions.get(id))
                .orElseThrow(() -> DaytonaRefusal.missing("not found: session not found"));
    }

    synchronized List<DaytonaSession> sessions() {
        return List.copyOf(sessions.values());
    }

    void deleteSession(String id, Duration grace) {
        DaytonaSession session;
        synchronized (this) {
            session = session(id);
            sessions.remove(id);
        }
        session.end(grace);
    }

    DaytonaPty createPty(DaytonaPty.Plan plan) {
        DaytonaPty pty;
        synchronized (this) {
            if (ptys.containsKey(plan.id())) {
                throw DaytonaRefusal.conflict("conflict: PTY session with ID '" + plan.id() + "' already exists");
            }
            pty = new DaytonaPty(plan, this, workers);
            ptys.put(plan.id(), pty);
        }
        return pty;
    }

    synchronized DaytonaPty pty(String id) {
        return Optional.ofNullable(ptys.get(id))
                .orElseThrow(() -> DaytonaRefusal.missing("not found: PTY session not found"));
    }

    synchronized List<DaytonaPty> ptys() {
        return List.copyOf(ptys.values());
    }

    synchronized void forget(DaytonaPty pty) {
        ptys.remove(pty.plan().id(), pty);
    }

    /** What a client wrote, as bytes of the shell. */
    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

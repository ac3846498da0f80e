package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.ProcessRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A simulated machine without any isolation: files, processes and a small shell in this JVM. It offers what the backend
 * contract uses and little more; see {@link Programs} and {@link Shell}. Safe from many threads.
 */
public final class Machine {
    private final MachineTime time;
    private final Tree tree;
    private final int uid;
    private final Map<String, String> environment;
    private final Function<String, RuntimeException> gone;
    private final MachineBackground background;
    private final Map<Integer, Proc> processes = new TreeMap<>();
    private int lastPid = 1;
    private boolean paused;
    private boolean ended;

    /**
     * Boots a machine.
     *
     * @param time what its sleeps and deadlines go by
     * @param uid the number of the user that commands run as
     * @param environment of every command
     * @param diskBytes the most that its files hold together
     * @param gone makes what is thrown when the machine has ended, from a sentence that says what was tried
     */
    public Machine(
            MachineTime time,
            int uid,
            Map<String, String> environment,
            long diskBytes,
            Function<String, RuntimeException> gone) {
        this(time, uid, environment, new Tree(time, diskBytes), gone);
        Programs.install(tree.root(), time.now(), uid);
    }

    /**
     * Boots a machine with the files of another one.
     *
     * @param time what its sleeps and deadlines go by
     * @param uid the number of the user that commands run as
     * @param environment of every command
     * @param diskBytes the most that its files hold together
     * @param image the files
     * @param gone makes what is thrown when the machine has ended, from a sentence that says what was tried
     */
    public Machine(
            MachineTime time,
            int uid,
            Map<String, String> environment,
            long diskBytes,
            MachineImage image,
            Function<String, RuntimeException> gone) {
        this(time, uid, environment, new Tree(time, diskBytes, image.files()), gone);
    }

    private Machine(
            MachineTime time,
            int uid,
            Map<String, String> environment,
            Tree tree,
            Function<String, RuntimeException> gone) {
        this.time = time;
        this.uid = uid;
        this.gone = gone;
        this.environment = new TreeMap<>(Map.of("PATH", "/usr/local/bin:/usr/bin:/bin", "HOME", SandboxSpec.WORKSPACE));
        this.environment.putAll(environment);
        this.tree = tree;
        background = new MachineBackground(this);
    }

    /**
     * Starts a command.
     *
     * @param request what to start
     * @return the started command
     * @throws dev.sandkeeper.CommandNotStartableException if there is no such program, directory or user
     */
    public BackendProcess start(ProcessRequest request) {
        Map<String, String> all = new TreeMap<>(environment);
        all.putAll(request.environment());
        int user = request.user() == null ? uid : Users.uid(request.user()).orElse(-1);
        if (user < 0) {
            throw new CommandNotStartableException(
                    Failure.of("user_not_found", "there is no user \"" + request.user() + "\""));
        }
        return MachineProcess.start(this, request, user, all);
    }

    /**
     * Its files, for one connection.
     *
     * @param requireOpen throws if the connection is closed
     * @return the files
     */
    public BackendFiles files(Runnable requireOpen) {
        return new MachineFiles(this, requireOpen);
    }

    /**
     * Its commands in the background.
     *
     * @return always the same object
     */
    public BackendBackground background() {
        return background;
    }

    /**
     * Stops everything that runs, or lets it go on.
     *
     * @param value whether nothing may run
     */
    public void setPaused(boolean value) {
        List<Proc> all;
        synchronized (this) {
            paused = value;
            all = List.copyOf(processes.values());
        }
        all.forEach(Proc::wake);
    }

    /**
     * What runs now.
     *
     * @return the program of each process
     */
    public synchronized List<String> running() {
        return processes.values().stream()
                .map(proc -> proc.arguments)
                .filter(arguments -> !arguments.isEmpty())
                .map(arguments -> arguments.get(0))
                .toList();
    }

    /**
     * Copies its files as they are now.
     *
     * @return what other machines can be made from
     */
    public MachineImage image() {
        requireAlive("copy it");
        return new MachineImage(tree.copy());
    }

    /**
     * What its files hold.
     *
     * @return in bytes
     */
    public long diskBytes() {
        return tree.used();
    }

    /**
     * Asks every process to end.
     *
     * @param grace how long to wait for that, in real time
     * @return whether none is left
     */
    public boolean terminate(Duration grace) {
        for (Proc proc : processes()) {
            proc.signal(Signal.TERM.number());
            proc.signal(Signal.CONT.number());
        }
        long start = System.nanoTime();
        try {
            synchronized (this) {
                while (!processes.isEmpty()) {
                    long left = grace.toNanos() - (System.nanoTime() - start);
                    if (left <= 0) {
                        return false;
                    }
                    wait(left / 1_000_000, (int) (left % 1_000_000));
                }
                return true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxInterruptedException(Failure.of("interrupted", "interrupted while processes were ending")
                    .cause(e)
                    .remedy("Destroy the sandbox"));
        }
    }

    /** Switches it off: every process is killed and nothing can be started or read any more. Idempotent. */
    public void shutDown() {
        List<Proc> all;
        synchronized (this) {
            ended = true;
            paused = false;
            all = List.copyOf(processes.values());
        }
        all.forEach(proc -> proc.signal(9));
        all.forEach(proc -> proc.command.machineEnded());
    }

    /**
     * Whether a command's main process has not ended.
     *
     * @param process a command of this machine
     * @return true if it runs
     */
    public boolean isRunning(BackendProcess process) {
        return process instanceof MachineProcess command && command.isRunning();
    }

    /**
     * Whether a command's main process has ended and nobody wants to know any more how.
     *
     * @param process a command of this machine
     * @return true if there is nothing to do for it
     */
    public boolean isOver(BackendProcess process) {
        return process instanceof MachineProcess command && command.isOver();
    }

    RuntimeException goneException(String attempt) {
        return gone.apply(attempt);
    }

    synchronized boolean hasEnded() {
        return ended;
    }

    synchronized void requireAlive(String attempt) {
        if (ended) {
            throw gone.apply(attempt);
        }
    }

    synchronized boolean paused() {
        return paused;
    }

    MachineTime time() {
        return time;
    }

    Tree tree() {
        return tree;
    }

    int uid() {
        return uid;
    }

    synchronized Proc newProc(MachineProcess command, int user, Map<String, String> variables, String directory) {
        requireAlive("start a process");
        Proc proc = new Proc(this, command, ++lastPid, user, variables, directory);
        processes.put(proc.pid, proc);
        return proc;
    }

    synchronized List<Proc> processesOf(MachineProcess command) {
        return processes.values().stream()
                .filter(proc -> proc.command == command)
                .toList();
    }

    synchronized List<Proc> processes() {
        return List.copyOf(processes.values());
    }

    /** Puts the processes of now under /proc, if that is where a path leads. */
    void showProcesses(String path) {
        if (path.startsWith("/proc")) {
            tree.showProcesses(processes());
        }
    }

    synchronized void remove(Proc proc) {
        processes.remove(proc.pid);
        notifyAll();
    }

    /** Waits until a command has no process any more. */
    synchronized boolean awaitEnd(MachineProcess command, long nanos) throws InterruptedException {
        long start = System.nanoTime();
        while (!processesOf(command).isEmpty()) {
            long left = nanos - (System.nanoTime() - start);
            if (left <= 0) {
                return false;
            }
            wait(left / 1_000_000, (int) (left % 1_000_000));
        }
        return true;
    }
}

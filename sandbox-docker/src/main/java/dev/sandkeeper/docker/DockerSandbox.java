package dev.sandkeeper.docker;

import dev.sandkeeper.Endpoint;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ShellBackground;
import dev.sandkeeper.internal.ShellFiles;
import dev.sandkeeper.internal.ShellMeasures;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one container. */
final class DockerSandbox implements BackendSandbox {
    private static final Logger LOG = LoggerFactory.getLogger(DockerSandbox.class);
    private static final byte[] NOTHING = {};

    private final Engine engine;
    private final Inventory inventory;
    private final String ref;
    private final Execs execs;
    private final @Nullable String user;
    private final @Nullable HijackedStream lease;
    private final ShellChannel commands;
    private final BackendFiles files;
    private final BackendBackground background;
    private final Map<String, Guard> guards = new ConcurrentHashMap<>();
    private final ShellMeasures measures;
    private long memoryKills;
    private volatile boolean closed;
    private volatile Runnable listener = () -> {};

    /**
     * A connection to a container that exists.
     *
     * @param user who runs commands; null for the container's own user
     * @param lease the container's input, if it ends with that; null otherwise
     */
    DockerSandbox(
            Engine engine,
            Inventory inventory,
            String ref,
            String containerId,
            @Nullable String user,
            @Nullable HijackedStream lease) {
        this.engine = engine;
        this.inventory = inventory;
        this.ref = ref;
        this.execs = new Execs(engine, inventory, ref, containerId);
        this.user = user;
        this.lease = lease;
        this.commands = new ShellChannel(execs, new FreshExec(execs));
        this.files = new ShellFiles(this::startScript, engine.faults().backend(), engine.workers());
        this.measures = new ShellMeasures(this, engine.faults().backend());
        this.background = new ShellBackground(this, engine.faults().backend(), null);
    }

    @Override
    public String providerRef() {
        return ref;
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        return start(request, NOTHING);
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input) {
        EnvironmentCheck.check(request.environment().keySet(), engine.faults());
        String runner = request.user() == null ? user : request.user();
        return commands.start(request, input, runner, guard(runner));
    }

    private BackendProcess startScript(ProcessRequest request, byte @Nullable [] input) {
        return commands.startScript(request, input == null ? NOTHING : input, user, guard(user));
    }

    /** Who watches over a user's commands; starts nothing by itself. */
    Guard guard(@Nullable String runner) {
        if (closed) {
            throw engine.faults().closed(null);
        }
        return guards.computeIfAbsent(runner == null ? "" : runner, name -> new Guard(execs, runner));
    }

    /** Opens the shell for the commands of the sandbox's user, before any of them runs. What fails here, they tell. */
    void prepare() {
        try {
            commands.prepare(user, guard(user));
        } catch (SandboxException e) {
            LOG.debug("no shell in {} for now", ref, e);
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
        return PublishedPorts.endpoint(inventory, engine.faults(), ref, port);
    }

    @Override
    public OptionalLong workspaceBytes() {
        return measures.workspaceBytes();
    }

    /** The engine tells only of the container's first process, so the kernel is asked. */
    @Override
    public synchronized boolean killedForMemory() {
        long before = memoryKills;
        memoryKills = Math.max(before, measures.memoryKills().orElse(before));
        return memoryKills > before;
    }

    /** It is about to be paused: no command may be just being started then. */
    void beforePause() {
        execs.holdStarts();
    }

    /** It may have been paused. */
    void afterPause() {
        commands.suspect();
        execs.allowStarts();
    }

    /**
     * Asks all commands to end, those of other connections too.
     *
     * @return whether none runs any more
     */
    boolean terminate(Duration grace) {
        Guard own = guard(user);
        List<Guard> all = new ArrayList<>(List.of(own));
        for (int uid = own.nextUser(-1); uid >= 0; uid = own.nextUser(uid)) {
            all.add(guard(Integer.toString(uid)));
        }
        all.forEach(Guard::terminateEverything);
        Deadline deadline = Deadline.in(grace);
        for (long wait = 2; all.stream().mapToInt(Guard::countEverything).sum() > 0; wait = Math.min(2 * wait, 100)) {
            if (deadline.passed()) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(wait);
            } catch (InterruptedException e) {
                throw engine.faults().interrupted("end the commands of a sandbox", e);
            }
        }
        return true;
    }

    /** Told when this is closed. */
    void onClose(Runnable action) {
        listener = action;
    }

    @Override
    public void close() {
        closed = true;
        listener.run();
        commands.close();
        guards.values().forEach(Guard::close);
        if (lease != null) {
            lease.close();
        }
    }
}

package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import dev.sandkeeper.testkit.simulator.internal.Machines;
import dev.sandkeeper.testkit.simulator.internal.Router;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;

/**
 * Daytona on this host, as far as its facts are known: the control plane under {@code /api}, the toolboxes of the sandboxes under
 * {@code /toolbox}, each sandbox a real one of another backend, so that commands and files are real. Listens on 127.0.0.1. The
 * official SDKs take it for the service if {@code DAYTONA_API_URL} is {@link #apiUrl()} and {@code DAYTONA_API_KEY} is one of its
 * keys; those that want a stream of events are answered 404 and poll. Safe from many threads.
 *
 * <p>Sandboxes go through the states of the service, answers of control calls tell what was begun and not what came of it, and
 * shapes of logs depend on the version that a client says it has. Not simulated: language servers, which it says are not installed, desktops, the interpreter
 * with contexts, volumes' contents, resources (a sandbox is told to have what it asked for), forks and pauses, which the service
 * refuses for containers, and registries. Whether a preview address is answered depends on the name's resolution: its host is
 * below {@code localhost}.
 *
 * <p>Routes in the plan of faults are named as {@link #routes()} lists them. A 429 carries {@code Retry-After} behind which the
 * name of the limit stands, as the service's do.
 */
public final class DaytonaSimulator implements AutoCloseable {
    /** Opens everything in the organization that a simulator has from the start. */
    public static final String DEFAULT_KEY = "dtn_simulator_default_key";

    private static final String ORGANIZATION = "0c7e2b0f-6c1d-4f0e-9b42-3c0f5f4f1a77";

    private final SimulatorServer server;
    private final Machines machines;
    private final Router router;
    private final DaytonaWorld world;
    private final DaytonaSessions sessions;

    private DaytonaSimulator(Builder builder) {
        machines = Machines.of(builder.backing, "daytona");
        router = new Router();
        DaytonaManners manners = new DaytonaManners(router);
        server = new SimulatorServer(
                "daytona", builder.port, manners, builder.faults, builder.traffic, builder.alteration);
        DaytonaTime time = new DaytonaTime(builder.clock, server);
        DaytonaErrors errors = new DaytonaErrors(time, builder.manner.oldDaemons());
        DaytonaFleet fleet = new DaytonaFleet();
        DaytonaShelf shelf = new DaytonaShelf(time);
        DaytonaLifecycle lifecycle = new DaytonaLifecycle(fleet, shelf, time, builder.limits, machines, builder.spec);
        manners.begin(errors, fleet, lifecycle);
        server.start();
        String uri = server.uri().toString();
        world = new DaytonaWorld(
                builder.keys,
                fleet,
                shelf,
                lifecycle,
                new DaytonaCreation(shelf, builder.limits, List.of("us", "eu")),
                new DaytonaPreviews(time, "localhost:" + server.uri().getPort()),
                new DaytonaJson(uri + "/toolbox", builder.manner.version()),
                errors,
                time,
                builder.manner,
                uri,
                builder.faults::listLag);
        DaytonaToolbox toolbox = new DaytonaToolbox(world, router);
        sessions = new DaytonaSessions(world, toolbox);
        addRoutes(toolbox);
        ScheduledFuture<?> unused = server.every(builder.checkPeriod, new DaytonaAging(fleet, lifecycle, time)::check);
    }

    private void addRoutes(DaytonaToolbox toolbox) {
        new DaytonaControl(world, router).addRoutes();
        new DaytonaStock(world, router).addRoutes();
        new DaytonaProcesses(world, toolbox, server::after).addRoutes();
        sessions.addRoutes();
        new DaytonaFiles(world, toolbox).addRoutes();
        new DaytonaTerminals(world, toolbox).addRoutes();
        new DaytonaGit(toolbox).addRoutes();
        toolbox.add("POST", "/lsp/start", (guest, exchange) -> {
            throw DaytonaRefusal.of(500, "internal server error: no language server is installed");
        });
        DaytonaToolbox.Tool none = (guest, exchange) -> {
            // a sandbox that has gone comes first
            guest.sandbox();
            throw DaytonaRefusal.coded(
                    400, "LSP_SERVER_NOT_INITIALIZED", "bad request: the language server has not been started");
        };
        List.of("/lsp/did-open", "/lsp/did-close", "/lsp/completions").forEach(path -> toolbox.add("POST", path, none));
        List.of("/lsp/document-symbols", "/lsp/workspacesymbols").forEach(path -> toolbox.add("GET", path, none));
    }

    /**
     * Starts one with all defaults.
     *
     * @param backing makes the sandboxes behind the simulated ones; belongs to the caller and stays open
     * @return a simulator that listens on a free port
     */
    public static DaytonaSimulator start(SandboxBackend backing) {
        return builder(backing).start();
    }

    /**
     * Starts with what differs from the defaults.
     *
     * @param backing makes the sandboxes behind the simulated ones; belongs to the caller and stays open
     * @return a new builder
     */
    public static Builder builder(SandboxBackend backing) {
        return new Builder(backing);
    }

    /**
     * Where it listens.
     *
     * @return such as {@code http://127.0.0.1:40123}
     */
    public URI uri() {
        return server.uri();
    }

    /**
     * What a client takes for the service's address.
     *
     * @return such as {@code http://127.0.0.1:40123/api}
     */
    public URI apiUrl() {
        return URI.create(server.uri() + "/api");
    }

    /**
     * What the official SDKs read.
     *
     * @return variables of the environment, the key among them
     */
    public Map<String, String> environment() {
        return Map.of("DAYTONA_API_URL", apiUrl().toString(), "DAYTONA_API_KEY", DEFAULT_KEY);
    }

    /**
     * The plan of faults.
     *
     * @return to be changed at any time
     */
    public SimulatorFaults faults() {
        return server.faults();
    }

    /**
     * The routes that the plan of faults knows.
     *
     * @return method and template of each
     */
    public List<String> routes() {
        return router.names();
    }

    /**
     * What was asked for so far, without secrets.
     *
     * @return method, route and status of the last 10,000 requests, oldest first
     */
    public List<String> requests() {
        return server.requests();
    }

    /**
     * How many sandboxes there are, of all organizations.
     *
     * @return all but those that are destroyed
     */
    public int sandboxes() {
        return world.fleet().count();
    }

    /**
     * Takes a sandbox's machine away, whatever runs in it. Its state stays as it was, as that of a sandbox whose memory was used
     * up does for minutes; its toolbox answers 502.
     *
     * @param id of the sandbox; nothing happens if there is none
     */
    public void lose(String id) {
        DaytonaBox box = world.fleet().byId(id);
        if (box != null) {
            world.lifecycle().lose(box);
        }
    }

    /**
     * Loses input of commands in sessions behind the daemon's back: it is answered as ever, and the command never has it.
     *
     * @param messages how many from now on, of whichever command; those lost so far and planned before do not count
     */
    public void loseInput(int messages) {
        if (messages < 0) {
            throw new IllegalArgumentException("messages must not be negative: " + messages);
        }
        sessions.loseInput(messages);
    }

    /** Breaks all connections that follow the log of a session's command at this moment; what is followed anew is not touched. */
    public void cutLogs() {
        sessions.cutLogs();
    }

    /** Stops listening and destroys all sandboxes. Idempotent. */
    @Override
    public void close() {
        server.close();
        machines.close();
    }

    /** Address only. */
    @Override
    public String toString() {
        return "DaytonaSimulator[" + server.uri() + "]";
    }

    /** Collects what differs from the defaults. Not thread-safe. */
    public static final class Builder {
        private final SandboxBackend backing;
        private final DaytonaKeys keys = new DaytonaKeys();
        private int port;
        private Clock clock = Clock.systemUTC();
        private SimulatorFaults faults = SimulatorFaults.create();
        private Consumer<SimulatorTraffic> traffic = SimulatorTraffic.NOBODY;
        private Alteration alteration = Alteration.NONE;
        private SandboxSpec spec = SandboxSpec.builder().build();
        private Duration checkPeriod = Duration.ofSeconds(10);
        private DaytonaLimits limits = DaytonaLimits.generous();
        private DaytonaManner manner = new DaytonaManner(false, "v0.205.1", Duration.ofSeconds(1));

        private Builder(SandboxBackend backing) {
            this.backing = Objects.requireNonNull(backing, "backing");
            key(DEFAULT_KEY, ORGANIZATION);
        }

        /**
         * Chooses the port.
         *
         * @param number on 127.0.0.1; default 0, any that is free
         * @return this builder
         */
        public Builder port(int number) {
            if (number < 0 || number > 65_535) {
                throw new IllegalArgumentException("port must be from 0 to 65535: " + number);
            }
            port = number;
            return this;
        }

        /**
         * Chooses the clock that times and intervals go by.
         *
         * @param clock default the system's
         * @return this builder
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Adds a key that may do everything.
         *
         * @param secret the key; besides {@link #DEFAULT_KEY}
         * @param organization whose sandboxes it is for
         * @return this builder
         */
        public Builder key(String secret, String organization) {
            keys.add(secret, new DaytonaKeys.Key(Set.of(organization), null, false));
            return this;
        }

        /**
         * Adds a key of the default organization that may do some things.
         *
         * @param secret the key
         * @param permissions such as {@code write:sandboxes}
         * @return this builder
         */
        public Builder restrictedKey(String secret, String... permissions) {
            keys.add(secret, new DaytonaKeys.Key(Set.of(ORGANIZATION), Set.of(permissions), false));
            return this;
        }

        /**
         * Adds the token of a person, who names the organization with each request.
         *
         * @param secret the token
         * @param organizations those that may be named
         * @return this builder
         */
        public Builder personToken(String secret, String... organizations) {
            keys.add(secret, new DaytonaKeys.Key(Set.of(organizations), null, true));
            return this;
        }

        /**
         * Suspends an organization: 403 for all that its keys ask for.
         *
         * @param organization which one
         * @return this builder
         */
        public Builder suspended(String organization) {
            keys.suspend(organization);
            return this;
        }

        /**
         * Chooses the plan of faults.
         *
         * @param plan default one in which nothing goes wrong
         * @return this builder
         */
        public Builder faults(SimulatorFaults plan) {
            faults = Objects.requireNonNull(plan, "plan");
            return this;
        }

        /**
         * Listens to all traffic.
         *
         * @param listener told of every request and its answer, on the simulator's threads
         * @return this builder
         */
        public Builder traffic(Consumer<SimulatorTraffic> listener) {
            traffic = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Plants defects in answers; for checks of checks.
         *
         * @param change what is changed
         * @return this builder
         */
        public Builder alteration(Alteration change) {
            alteration = Objects.requireNonNull(change, "change");
            return this;
        }

        /**
         * Chooses what the sandboxes behind are made from.
         *
         * @param backingSpec as the backing backend wants it; default an empty one
         * @return this builder
         */
        public Builder spec(SandboxSpec backingSpec) {
            spec = Objects.requireNonNull(backingSpec, "backingSpec");
            return this;
        }

        /**
         * Chooses how often intervals are looked at.
         *
         * @param period real time; default 10 seconds, as the service does
         * @return this builder
         */
        public Builder checkPeriod(Duration period) {
            if (period.isZero() || period.isNegative()) {
                throw new IllegalArgumentException("period must be > 0: " + period);
            }
            checkPeriod = period;
            return this;
        }

        /**
         * Limits what all sandboxes that run may have together.
         *
         * @param cpus cores; default 10,000
         * @param memoryGib GiB; default 20,000
         * @return this builder
         */
        public Builder quota(long cpus, long memoryGib) {
            DaytonaLimits usual = DaytonaLimits.generous();
            limits = new DaytonaLimits(usual.cpu(), usual.memory(), usual.disk(), cpus, memoryGib, usual.totalDisk());
            return this;
        }

        /**
         * Chooses how long a log that is followed stays open behind its last byte.
         *
         * @param time real time; default 1 second, as the service does
         * @return this builder
         */
        public Builder logLinger(Duration time) {
            if (time.isNegative()) {
                throw new IllegalArgumentException("time must not be negative: " + time);
            }
            manner = new DaytonaManner(manner.oldDaemons(), manner.version(), time);
            return this;
        }

        /**
         * Gives sandboxes the daemon of v0.190.0: errors without a source and with general codes only, those about files with an
         * empty body, and {@code /files/upload} in place of {@code /files/upload-v2}.
         *
         * @return this builder
         */
        public Builder oldDaemons() {
            manner = new DaytonaManner(true, "v0.190.0", manner.logLinger());
            return this;
        }

        /**
         * Starts it.
         *
         * @return a simulator that listens
         * @throws java.io.UncheckedIOException if it cannot, as when the port is in use
         */
        public DaytonaSimulator start() {
            return new DaytonaSimulator(this);
        }
    }
}

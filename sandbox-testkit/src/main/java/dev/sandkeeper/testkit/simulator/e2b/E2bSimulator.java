package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import dev.sandkeeper.testkit.simulator.internal.Machines;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * E2B in this JVM: its control plane, versions 1 and 2, and the daemon of its sandboxes, on one port of 127.0.0.1. Each sandbox
 * is a real one of the backend that it is given, so that commands and files are real; the backend stays open and belongs to the
 * caller. Safe from many threads; {@link #close()} leaves no sandbox and no thread behind.
 *
 * <p>It is stricter than the service in one thing: a field that E2B ignores is refused, because to send one is a mistake. What it
 * cannot do as the service does:
 *
 * <ul>
 *   <li>{@code /home/user} is the backing sandbox's {@code /workspace}. File calls know both names; commands do where the backend
 *       has a writable root and other users, else {@code HOME} is {@code /workspace}.
 *   <li>A command has ended when its main process has, plus at most half a second for others that hold its output. Its pid is
 *       the simulator's, not the kernel's.
 *   <li>Pausing keeps memory where the backend can pause, else it halts the commands. Snapshots and forks copy the workspace.
 *   <li>A renamed file is seen by a watcher as removed and created, and changed permissions as a write; owners of files are
 *       those who were asked for.
 *   <li>Only the JSON form of the Connect protocol is spoken.
 *   <li>Metrics are what the backend counts, logs are empty.
 * </ul>
 */
public final class E2bSimulator implements AutoCloseable {
    private final Settings settings;
    private final SimulatorServer server;
    private final Api api;
    private final Fleet fleet;
    private final Machines machines;

    private E2bSimulator(Builder builder) {
        this.settings = new Settings(
                builder.apiKey,
                builder.clock,
                Map.copyOf(builder.templates),
                builder.concurrentSandboxes,
                builder.longestLife);
        this.machines = Machines.of(builder.backing, "e2b");
        this.api = new Api(settings);
        this.server =
                new SimulatorServer("e2b", builder.port, api, builder.faults, builder.traffic, builder.alteration);
        this.fleet = new Fleet(settings, machines, server);
        api.connect(fleet, server);
        server.start();
        fleet.watch();
    }

    /**
     * Starts one with all defaults.
     *
     * @param backing makes the real sandboxes
     * @return listening
     */
    public static E2bSimulator start(SandboxBackend backing) {
        return builder(backing).start();
    }

    /**
     * Describes one that differs from the defaults.
     *
     * @param backing makes the real sandboxes
     * @return a new builder
     */
    public static Builder builder(SandboxBackend backing) {
        return new Builder(backing);
    }

    /**
     * Where it listens: base of the control plane and of all sandboxes.
     *
     * @return such as {@code http://127.0.0.1:40123}
     */
    public URI uri() {
        return server.uri();
    }

    /**
     * The one key that it accepts.
     *
     * @return {@code e2b_} and 40 hexadecimal digits, unless another was chosen
     */
    public String apiKey() {
        return settings.apiKey();
    }

    /**
     * What to set for E2B's own SDK and for our backend.
     *
     * @return {@code E2B_API_KEY}, {@code E2B_API_URL} and {@code E2B_SANDBOX_URL}
     */
    public Map<String, String> environment() {
        return new TreeMap<>(
                Map.of("E2B_API_KEY", apiKey(), "E2B_API_URL", uri().toString(), "E2B_SANDBOX_URL", uri().toString()));
    }

    /**
     * What goes wrong.
     *
     * @return the plan, to be changed at any time
     */
    public SimulatorFaults faults() {
        return server.faults();
    }

    /**
     * The names of its routes, as the plan of faults knows them.
     *
     * @return in no order
     */
    public List<String> routes() {
        return api.routes();
    }

    /**
     * What was asked for so far, without secrets.
     *
     * @return method, route and status of the last 10,000 requests that have ended, oldest first
     */
    public List<String> requests() {
        return server.requests();
    }

    /**
     * The sandboxes that exist.
     *
     * @return the ids of those that run or are paused
     */
    public List<String> sandboxes() {
        return fleet.ids();
    }

    /** Stops listening and destroys all sandboxes. Idempotent. */
    @Override
    public void close() {
        server.close();
        machines.close();
    }

    /** Where it listens, without the key. */
    @Override
    public String toString() {
        return "E2bSimulator[" + uri() + "]";
    }

    /** Collects what a simulator needs to know. Not thread-safe. */
    public static final class Builder {
        private final SandboxBackend backing;
        private final Map<String, String> templates = new TreeMap<>(Map.of("base", ""));
        private int port;
        private String apiKey = "e2b_"
                + (UUID.randomUUID().toString() + UUID.randomUUID())
                        .replace("-", "")
                        .substring(0, 40);
        private Clock clock = Clock.systemUTC();
        private SimulatorFaults faults = SimulatorFaults.create();
        private Consumer<SimulatorTraffic> traffic = SimulatorTraffic.NOBODY;
        private Alteration alteration = Alteration.NONE;
        private int concurrentSandboxes = 100;
        private Duration longestLife = Duration.ofHours(24);

        private Builder(SandboxBackend backing) {
            this.backing = Objects.requireNonNull(backing, "backing");
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
         * Chooses the key.
         *
         * @param key {@code e2b_} and hexadecimal digits; default random
         * @return this builder
         */
        public Builder apiKey(String key) {
            if (!key.matches("e2b_[0-9a-f]+")) {
                throw new IllegalArgumentException("apiKey must be e2b_ and hexadecimal digits");
            }
            apiKey = key;
            return this;
        }

        /**
         * Chooses the clock that ends sandboxes.
         *
         * @param source default the system's
         * @return this builder
         */
        public Builder clock(Clock source) {
            clock = Objects.requireNonNull(source, "clock");
            return this;
        }

        /**
         * Chooses what goes wrong.
         *
         * @param plan default an empty one
         * @return this builder
         */
        public Builder faults(SimulatorFaults plan) {
            faults = Objects.requireNonNull(plan, "faults");
            return this;
        }

        /**
         * Listens to all requests and answers, secrets and all.
         *
         * @param listener called on the simulator's threads
         * @return this builder
         */
        public Builder traffic(Consumer<SimulatorTraffic> listener) {
            traffic = Objects.requireNonNull(listener, "traffic");
            return this;
        }

        /**
         * Adds a template beside {@code base}.
         *
         * @param name its alias
         * @param image what the backing sandbox is made of; null for the backend's default
         * @return this builder
         */
        public Builder template(String name, @Nullable String image) {
            templates.put(name, image == null ? "" : image);
            return this;
        }

        /**
         * Limits the sandboxes that run at a time.
         *
         * @param limit default 100, as in E2B's Pro plan
         * @return this builder
         */
        public Builder concurrentSandboxes(int limit) {
            concurrentSandboxes = limit;
            return this;
        }

        /**
         * Limits the time that a sandbox may run without a pause.
         *
         * @param time default 24 hours, as in E2B's Pro plan
         * @return this builder
         */
        public Builder longestLife(Duration time) {
            longestLife = Objects.requireNonNull(time, "longestLife");
            return this;
        }

        /** Plants defects, for checks of checks. */
        Builder alteration(Alteration defects) {
            alteration = defects;
            return this;
        }

        /**
         * Starts it.
         *
         * @return listening
         * @throws java.io.UncheckedIOException if it cannot listen, as when the port is in use
         */
        public E2bSimulator start() {
            return new E2bSimulator(this);
        }
    }
}

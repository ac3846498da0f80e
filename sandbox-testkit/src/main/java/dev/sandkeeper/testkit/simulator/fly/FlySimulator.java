package dev.sandkeeper.testkit.simulator.fly;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Machines;
import dev.sandkeeper.testkit.simulator.internal.Manners;
import dev.sandkeeper.testkit.simulator.internal.Router;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The Machines API of Fly.io on 127.0.0.1, with a real sandbox behind each Machine, so that commands really run. Behaves as the
 * service is known to: Machines move through its states, an exec has its limits, a request of more than 16 KiB is answered as a
 * success that did nothing, names are unique among the living, lists may lag, errors have its words. What nobody outside Fly
 * knows is a setting of the {@link Builder}. Fields that the service passes over are passed over here too, and told by
 * {@link #unknownFields()}.
 *
 * <p>A stopped Machine loses its file system, as there. What a restart, an update and a region do beyond their states is not
 * simulated. Safe from many threads. Closing it destroys every sandbox behind it; the backend stays open.
 */
public final class FlySimulator implements AutoCloseable {
    /** What {@link #token()} is by default. */
    public static final String TOKEN = "fm2_simulated-token-of-no-value";

    /** The organization that exists by default. */
    public static final String ORGANIZATION = "personal";

    private final FlySettings settings;
    private final FlyFields fields = new FlyFields();
    private final Machines machines;
    private final FlyFleet fleet;
    private final SimulatorServer server;

    private FlySimulator(Builder builder) {
        this.settings = builder.settings();
        this.machines = Machines.of(builder.backing, "fly");
        FlyNames names = new FlyNames(builder.clock, builder.faults);
        this.fleet = new FlyFleet(settings, machines, names);
        Router router = new Router();
        new FlyAppRoutes(fleet, fields, names, settings).addTo(router);
        new FlyMachineRoutes(fleet, fields, names, settings).addTo(router);
        new FlyLeaseRoutes(fleet, fields, names).addTo(router);
        new FlyExecRoutes(fleet, fields, settings).addTo(router);
        this.server = new SimulatorServer(
                "fly", builder.port, new Fly(router), builder.faults, builder.traffic, new RequestIds(names));
        fleet.serveBy(server);
        server.start();
    }

    /**
     * Starts one with all defaults, on any free port.
     *
     * @param backing makes the sandboxes behind the Machines; stays the caller's
     * @return to be closed
     */
    public static FlySimulator start(SandboxBackend backing) {
        return builder(backing).start();
    }

    /**
     * Starts a description.
     *
     * @param backing makes the sandboxes behind the Machines; stays the caller's
     * @return settings, all with defaults
     */
    public static Builder builder(SandboxBackend backing) {
        return new Builder(backing);
    }

    /**
     * Where it listens: what {@code FLY_FLAPS_BASE_URL} is set to.
     *
     * @return such as {@code http://127.0.0.1:40123}
     */
    public URI uri() {
        return server.uri();
    }

    /**
     * The token that it takes, with {@code Bearer} or {@code FlyV1} before it.
     *
     * @return the token
     */
    public String token() {
        return settings.token();
    }

    /**
     * What goes wrong.
     *
     * @return may be changed at any time
     */
    public SimulatorFaults faults() {
        return settings.faults();
    }

    /**
     * What was asked for so far, without secrets.
     *
     * @return the last 10,000 requests, oldest first
     */
    public List<String> requests() {
        return server.requests();
    }

    /**
     * Fields that were sent although the service knows none of that name, and would pass over them.
     *
     * @return route and field, each once, sorted
     */
    public List<String> unknownFields() {
        return fields.unknown();
    }

    /**
     * How many Machines there are.
     *
     * @return without those that were destroyed, whether or not they can still be read
     */
    public int machines() {
        return fleet.living();
    }

    /**
     * Which apps there are.
     *
     * @return their names, sorted; one whose deletion takes time is among them
     */
    public List<String> apps() {
        return fleet.alone(() -> List.copyOf(fleet.apps().keySet()));
    }

    /**
     * Lets a region have no room from now on.
     *
     * @param region its code
     * @param why how it says so; null for room again
     */
    public void room(String region, @Nullable FlyNoRoom why) {
        if (why == null) {
            settings.full().remove(region);
        } else {
            settings.full().put(region, why);
        }
    }

    @Override
    public void close() {
        server.close();
        machines.close();
    }

    /** Each answer carries the service's own name for its request. */
    private record RequestIds(FlyNames names) implements Alteration {
        @Override
        public Answer answer(Exchange exchange, Answer answer) {
            return answer.header("fly-request-id", names.ulid() + "-sim");
        }
    }

    /** What the service does before any route. */
    private final class Fly implements Manners {
        private final Router router;
        private final FlyLimiter limiter = new FlyLimiter();

        Fly(Router router) {
            this.router = router;
        }

        @Override
        public Router router(Exchange exchange) {
            return router;
        }

        @Override
        public void check(Exchange exchange) {
            String[] words = exchange.header("Authorization").orElse("").split(" ", 2);
            boolean known = words.length == 2
                    && (words[0].equalsIgnoreCase("Bearer") || words[0].equals("FlyV1"))
                    && words[1].equals(settings.token());
            if (!known) {
                throw FlyRefusal.of(401, "Authenticate: token validation error", null);
            }
            if (!exchange.contentType().isEmpty() && !exchange.contentType().equals("application/json")) {
                throw FlyRefusal.of(415, "unsupported media type", null);
            }
            if (settings.rateLimits()) {
                String path = exchange.path();
                String route = exchange.route();
                boolean reading = route.equals("GET " + FlyMachineRoutes.MACHINE);
                boolean passes = route.equals("DELETE " + FlyAppRoutes.APP)
                        ? limiter.passesDeletion(System.nanoTime())
                        : limiter.passes(route, path, reading, System.nanoTime());
                if (!passes) {
                    throw FlyRefusal.of(429, "resource_exhausted: rate limit exceeded", null);
                }
            }
        }

        @Override
        public Answer error(int status, String message) {
            String text = status == 429 ? "resource_exhausted: rate limit exceeded" : "internal: " + message;
            return FlyRefusal.answer(status, text);
        }

        @Override
        public void lose(Exchange exchange) {
            String[] parts = exchange.path().split("/", -1);
            // /v1/apps/{app}/machines/{machine}/...
            if (parts.length > 5 && parts[4].equals("machines")) {
                fleet.lose(parts[3], parts[5]);
            }
        }
    }

    /** Settings of a simulator. Not thread-safe. */
    public static final class Builder {
        private final SandboxBackend backing;
        private final Map<String, FlyNoRoom> full = new ConcurrentSkipListMap<>();
        private int port;
        private String token = TOKEN;
        private SimulatorFaults faults = SimulatorFaults.create();
        private Consumer<SimulatorTraffic> traffic = SimulatorTraffic.NOBODY;
        private Clock clock = Clock.systemUTC();
        private SandboxSpec spec = SandboxSpec.builder().build();
        private @Nullable String execUser;
        private boolean oneExecAtATime;
        private boolean rateLimits;
        private Duration destroyedReadable = Duration.ofSeconds(2);
        private Duration stopGap = Duration.ZERO;
        private String skippedLaunchRests = "stopped";
        private int rowsInAPage = 1000;

        private Builder(SandboxBackend backing) {
            this.backing = Objects.requireNonNull(backing, "backing");
        }

        /**
         * Sets where it listens.
         *
         * @param port on 127.0.0.1; default 0, any that is free
         * @return this
         */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /**
         * Sets the token that it takes.
         *
         * @param token default {@link FlySimulator#TOKEN}
         * @return this
         */
        public Builder token(String token) {
            this.token = Objects.requireNonNull(token, "token");
            return this;
        }

        /**
         * Plans what goes wrong.
         *
         * @param faults default none
         * @return this
         */
        public Builder faults(SimulatorFaults faults) {
            this.faults = Objects.requireNonNull(faults, "faults");
            return this;
        }

        /**
         * Looks at every request and its answer.
         *
         * @param listener see {@link SimulatorTraffic}
         * @return this
         */
        public Builder traffic(Consumer<SimulatorTraffic> listener) {
            this.traffic = Objects.requireNonNull(listener, "traffic");
            return this;
        }

        /**
         * Sets the clock of ids, events, leases and lags.
         *
         * @param clock default the system's
         * @return this
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Sets what the real sandboxes are made from, whatever image a Machine asks for.
         *
         * @param spec for the backing backend; default without anything
         * @return this
         */
        public Builder spec(SandboxSpec spec) {
            this.spec = Objects.requireNonNull(spec, "spec");
            return this;
        }

        /**
         * Sets who runs the main process and execs, where the backing backend knows users. At Fly that is root.
         *
         * @param user a name or number; default the real sandbox's own user
         * @return this
         */
        public Builder execUser(String user) {
            this.execUser = Objects.requireNonNull(user, "execUser");
            return this;
        }

        /**
         * Lets each Machine run one exec at a time, as its init did in 2021; the others wait.
         *
         * @return this
         */
        public Builder oneExecAtATime() {
            this.oneExecAtATime = true;
            return this;
        }

        /**
         * Keeps the published limits on requests.
         *
         * @return this
         */
        public Builder rateLimits() {
            this.rateLimits = true;
            return this;
        }

        /**
         * Sets how long a destroyed Machine can be read before it is not found any more.
         *
         * @param time default 2 seconds
         * @return this
         */
        public Builder destroyedReadable(Duration time) {
            this.destroyedReadable = Objects.requireNonNull(time, "destroyedReadable");
            return this;
        }

        /**
         * Sets how long after a stop a start is refused.
         *
         * @param time default 0
         * @return this
         */
        public Builder stopGap(Duration time) {
            this.stopGap = Objects.requireNonNull(time, "stopGap");
            return this;
        }

        /**
         * Leaves Machines that were not to be launched in state created, where they otherwise come to rest as stopped.
         *
         * @return this
         */
        public Builder skippedLaunchStaysCreated() {
            this.skippedLaunchRests = "created";
            return this;
        }

        /**
         * Sets how many Machines the list of an organization has in a page, whatever is asked for.
         *
         * @param most from 1; default 1,000
         * @return this
         */
        public Builder rowsInAPage(int most) {
            if (most < 1) {
                throw new IllegalArgumentException("rowsInAPage must be > 0: " + most);
            }
            this.rowsInAPage = most;
            return this;
        }

        /**
         * Starts it.
         *
         * @return to be closed
         */
        public FlySimulator start() {
            return new FlySimulator(this);
        }

        private FlySettings settings() {
            Set<String> regions = new LinkedHashSet<>(List.of("iad", "ord", "lhr", "fra", "syd"));
            return new FlySettings(
                    token,
                    Set.of(ORGANIZATION),
                    regions,
                    full,
                    spec,
                    execUser,
                    oneExecAtATime,
                    rateLimits,
                    destroyedReadable,
                    stopGap,
                    skippedLaunchRests,
                    rowsInAPage,
                    faults);
        }
    }
}

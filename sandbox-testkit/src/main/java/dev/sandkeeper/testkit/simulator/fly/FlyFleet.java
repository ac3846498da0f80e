package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import dev.sandkeeper.testkit.simulator.internal.Machines;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Apps and Machines and how they change. One lock guards all of them, and is not held while a real sandbox is made or ended. */
final class FlyFleet {
    private static final Logger LOG = LoggerFactory.getLogger(FlyFleet.class);

    private final FlySettings settings;
    private final Machines machines;
    private final FlyNames names;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, FlyApp> apps = new TreeMap<>();
    private @Nullable SimulatorServer server;

    FlyFleet(FlySettings settings, Machines machines, FlyNames names) {
        this.settings = settings;
        this.machines = machines;
        this.names = names;
    }

    void serveBy(SimulatorServer started) {
        server = started;
    }

    private SimulatorServer server() {
        if (server == null) {
            throw new IllegalStateException("not started");
        }
        return server;
    }

    Instant now() {
        return names.now();
    }

    /** Looks or changes, alone. */
    <T> T alone(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            changed.signalAll();
            lock.unlock();
        }
    }

    /** Must be called alone. */
    FlyApp app(String name) {
        FlyApp app = apps.get(name);
        if (app == null) {
            throw FlyRefusal.noApp();
        }
        return app;
    }

    /** Must be called alone. */
    Map<String, FlyApp> apps() {
        return apps;
    }

    /** One that can still be read. Must be called alone. */
    FlyMachine machine(String app, String id) {
        FlyMachine machine = app(app).machines().get(id);
        if (machine == null || isForgotten(machine)) {
            throw FlyRefusal.noMachine();
        }
        return machine;
    }

    private boolean isForgotten(FlyMachine machine) {
        return machine.destroyedAt != null
                && !machine.destroyedAt.plus(settings.destroyedReadable()).isAfter(now());
    }

    /** How many Machines are not destroyed. */
    int living() {
        return alone(() -> (int) apps.values().stream()
                .flatMap(app -> app.machines().values().stream())
                .filter(machine -> !machine.isDestroyed())
                .count());
    }

    /** Waits until a Machine is as it is wanted, without holding anybody up. */
    boolean await(FlyMachine machine, Predicate<FlyMachine> wanted, Duration patience) throws InterruptedException {
        long left = patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (!wanted.test(machine)) {
                if (left <= 0) {
                    return false;
                }
                // a lease runs out without anybody's doing
                long step = Math.min(left, TimeUnit.MILLISECONDS.toNanos(200));
                left -= step - changed.awaitNanos(step);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Must be called alone. */
    FlyMachine create(FlyApp app, String name, String region, ObjectNode config, boolean launch) {
        for (FlyMachine other : app.machines().values()) {
            if (other.name.equals(name) && !other.isDestroyed()) {
                throw FlyRefusal.of(
                        409,
                        "already_exists: unique machine name violation, machine ID " + other.id
                                + " already exists with name \"" + name + "\"",
                        null);
            }
        }
        Instant now = now();
        FlyMachine machine = new FlyMachine(app.name(), names.machineId(), name, region, config, names.ulid(), now);
        machine.move("created", "launch", "user", names.ulid(), now);
        app.machines().put(machine.id, machine);
        boot(machine, launch ? "started" : settings.skippedLaunchRests());
        return machine;
    }

    /** Lets a Machine come up, or be prepared only. Must be called alone. */
    void boot(FlyMachine machine, String goal) {
        int boot = ++machine.boot;
        server().run("boot", () -> {
            try {
                server().pause(settings.faults().transitionTime());
                if (goal.equals("started")) {
                    start(machine, boot);
                } else {
                    become(machine, boot, goal, "launch", "flyd");
                }
            } catch (IOException | SandboxException e) {
                LOG.warn("machine {} did not start: {}", machine.id, e.toString());
                end(machine, boot, "failed", 1, false);
            }
        });
    }

    private void start(FlyMachine machine, int boot) throws IOException {
        become(machine, boot, "starting", "start", "flyd");
        Map<String, String> environment = new LinkedHashMap<>();
        machine.config
                .path("env")
                .properties()
                .forEach(e -> environment.put(e.getKey(), e.getValue().asText()));
        environment.put("FLY_APP_NAME", machine.app);
        environment.put("FLY_MACHINE_ID", machine.id);
        environment.put("FLY_REGION", machine.region);
        Machine real = machines.create(settings.spec(), environment);
        boolean wanted = alone(() -> {
            boolean still = machine.boot == boot && !machine.state.startsWith("destroy");
            if (still) {
                machine.machine = real;
            }
            return still;
        });
        if (!wanted) {
            real.destroy();
            return;
        }
        FlyGuest guest = FlyGuest.boot(real, settings.execUser(), server());
        CompletableFuture<FlyGuest.Ended> main = guest.run(mainProcess(machine.config), new byte[0]);
        alone(() -> {
            if (machine.boot == boot) {
                machine.guest = guest;
                machine.move("started", "start", "flyd", names.ulid(), now());
            }
            return machine;
        });
        var watch = main.whenComplete((ended, gone) -> {
            // not from the thread that reads what the guest says
            server().run("exit", () -> exited(machine, boot, ended == null ? 137 : ended.exitCode()));
        });
        LOG.trace("{} runs: {}", machine.id, watch);
    }

    private static List<String> mainProcess(ObjectNode config) {
        List<String> words = new ArrayList<>();
        JsonNode init = config.path("init");
        for (String part : init.has("exec") ? List.of("exec") : List.of("entrypoint", "cmd")) {
            init.path(part).forEach(word -> words.add(word.asText()));
        }
        return words.isEmpty() ? List.of("sleep", "2147483647") : words;
    }

    /** The main process has ended by itself: the restart policy decides. */
    private void exited(FlyMachine machine, int boot, int code) {
        boolean again = alone(() -> {
            String policy = machine.restartPolicy();
            return machine.boot == boot
                    && machine.state.equals("started")
                    && (policy.equals("always") || (policy.equals("on-failure") && code != 0));
        });
        end(machine, boot, "stopped", code, false);
        if (again) {
            alone(() -> {
                if (machine.state.equals("stopped")) {
                    machine.move("restarting", "restart", "flyd", names.ulid(), now());
                    boot(machine, "started");
                }
                return machine;
            });
        }
    }

    private void become(FlyMachine machine, int boot, String state, String event, String source) {
        alone(() -> {
            if (machine.boot == boot && !machine.state.startsWith("destroy")) {
                machine.move(state, event, source, names.ulid(), now());
            }
            return machine;
        });
    }

    /** Ends what runs in a Machine. */
    private void end(FlyMachine machine, int boot, String state, int code, boolean requested) {
        Machine real = alone(() -> {
            if (machine.boot != boot || machine.isDestroyed()) {
                return null;
            }
            machine.boot++;
            Machine was = machine.machine;
            machine.machine = null;
            machine.guest = null;
            if (!machine.state.startsWith("destroy")) {
                machine.move("stopping", "exit", "flyd", names.ulid(), now());
                machine.exited(code, requested);
            }
            return was;
        });
        if (real != null) {
            real.destroy();
        }
        alone(() -> {
            if (machine.state.equals("stopping")) {
                machine.active = now().plus(settings.stopGap());
                machine.move(
                        state.equals("stopped")
                                        && machine.autoDestroy()
                                        && machine.restartPolicy().equals("no")
                                ? "destroyed"
                                : state,
                        "exit",
                        "flyd",
                        names.ulid(),
                        now());
            }
            return machine;
        });
    }

    /** Stops a Machine, in the background. Must be called alone. */
    void stop(FlyMachine machine) {
        int boot = machine.boot;
        if (machine.state.equals("suspended")) {
            machine.move("started", "stop", "user", names.ulid(), now());
        }
        if (!machine.state.equals("started")) {
            return;
        }
        server().run("stop", () -> {
            server().pause(settings.faults().transitionTime());
            end(machine, boot, "stopped", 0, true);
        });
    }

    /** Ends an app with all that is in it; if that takes time, it is still there meanwhile. Must be called alone. */
    void delete(FlyApp app) {
        List.copyOf(app.machines().values()).forEach(this::destroy);
        if (settings.faults().transitionTime().isZero()) {
            apps.remove(app.name());
            return;
        }
        server().run("delete", () -> {
            server().pause(settings.faults().transitionTime());
            alone(() -> {
                List.copyOf(app.machines().values()).forEach(this::destroy);
                return apps.remove(app.name(), app);
            });
        });
    }

    /** Destroys a Machine, in the background. Must be called alone. */
    void destroy(FlyMachine machine) {
        if (machine.state.startsWith("destroy")) {
            return;
        }
        machine.move("destroying", "destroy", "user", names.ulid(), now());
        machine.boot++;
        Machine real = machine.machine;
        machine.machine = null;
        machine.guest = null;
        server().run("destroy", () -> {
            server().pause(settings.faults().transitionTime());
            if (real != null) {
                real.destroy();
            }
            alone(() -> {
                machine.move("destroyed", "destroy", "flyd", names.ulid(), now());
                return machine;
            });
        });
    }

    /** The host dies under a Machine. */
    void lose(String app, String id) {
        FlyMachine machine = alone(() -> {
            FlyApp known = apps.get(app);
            return known == null ? null : known.machines().get(id);
        });
        if (machine != null) {
            end(machine, alone(() -> machine.boot), "stopped", 137, false);
        }
    }

    /** Freezes or continues what runs. Must be called alone. */
    void suspend(FlyMachine machine, boolean suspend) {
        Machine real = machine.machine;
        if (real == null) {
            throw FlyRefusal.precondition("unable to suspend machine from current state: '" + machine.state + "'");
        }
        machine.move(suspend ? "suspending" : "starting", suspend ? "suspend" : "start", "user", names.ulid(), now());
        int boot = machine.boot;
        server().run("suspend", () -> {
            server().pause(settings.faults().transitionTime());
            if (suspend) {
                real.pause();
            } else {
                real.resume();
            }
            become(machine, boot, suspend ? "suspended" : "started", suspend ? "suspend" : "start", "flyd");
        });
    }

    /** What a list shows, which is what there was some time ago. Must be called alone. */
    List<ObjectNode> list(FlyApp app, boolean deleted, boolean summary, Predicate<FlyMachine> filter) {
        Instant seen = now().minus(settings.faults().listLag());
        List<ObjectNode> shown = new ArrayList<>();
        for (FlyMachine machine : app.machines().values()) {
            boolean gone = machine.destroyedAt != null && !machine.destroyedAt.isAfter(seen);
            if (!machine.createdAt.isAfter(seen) && filter.test(machine) && (deleted || !gone)) {
                ObjectNode json = machine.json(summary, names::told);
                if (machine.isDestroyed() && !gone) {
                    json.put("state", "started");
                }
                shown.add(json);
            }
        }
        return shown;
    }
}

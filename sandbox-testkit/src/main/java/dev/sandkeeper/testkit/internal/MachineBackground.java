package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.ProcessRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Commands of a machine that belong to nobody's connection; a thread each takes their output. */
final class MachineBackground implements BackendBackground {
    private final Machine machine;
    private final Map<String, Job> jobs = new TreeMap<>();

    MachineBackground(Machine machine) {
        this.machine = machine;
    }

    /** One command, running or not. */
    private static final class Job {
        private final String name;
        private final BackendProcess process;
        private final Instant startedAt;
        private final KeptOutput output;
        private Runnable disarm = () -> {};
        private boolean timedOut;
        private boolean lost;
        private @Nullable ExitStatus exit;
        private @Nullable Instant endedAt;

        Job(String name, BackendProcess process, Instant startedAt, KeptOutput output) {
            this.name = name;
            this.process = process;
            this.startedAt = startedAt;
            this.output = output;
        }

        synchronized void arm(MachineTime time, Duration deadline, Duration grace) {
            disarm = time.after(deadline, () -> expire(time, grace));
        }

        private synchronized void expire(MachineTime time, Duration grace) {
            if (exit == null) {
                timedOut = true;
                process.signal(Signal.TERM);
                disarm = time.after(grace, () -> process.signal(Signal.KILL));
            }
        }

        void pump(MachineTime time) {
            try {
                ExitStatus status = process.pump(output);
                synchronized (this) {
                    exit = new ExitStatus(status.exitCode(), timedOut);
                    endedAt = time.now();
                    if (!timedOut) {
                        disarm.run();
                    }
                }
            } catch (SandboxException | InterruptedException e) {
                synchronized (this) {
                    lost = true;
                    disarm.run();
                }
            }
        }

        synchronized BackgroundStatus status() {
            BackgroundStatus.State state = exit != null
                    ? BackgroundStatus.State.EXITED
                    : lost ? BackgroundStatus.State.LOST : BackgroundStatus.State.RUNNING;
            return new BackgroundStatus(name, state, exit, startedAt, endedAt);
        }
    }

    @Override
    public void start(BackgroundRequest request) {
        machine.requireAlive("start a command in the background");
        synchronized (jobs) {
            Job old = jobs.get(request.name());
            if (old != null && old.status().state() == BackgroundStatus.State.RUNNING) {
                throw new SandboxConflictException(
                        Failure.of("background_name_in_use", "\"" + request.name() + "\" runs"));
            }
            ProcessRequest asked = request.process();
            BackendProcess process = machine.start(new ProcessRequest(
                    asked.arguments(), asked.environment(), asked.workingDirectory(), null, false, null));
            Job job = new Job(request.name(), process, machine.time().now(), new KeptOutput(request.logLimit()));
            Duration deadline = asked.deadline();
            if (deadline != null) {
                job.arm(machine.time(), deadline, request.grace());
            }
            Thread thread = new Thread(() -> job.pump(machine.time()), "sandkeeper-memory-" + request.name());
            thread.setDaemon(true);
            thread.start();
            jobs.put(request.name(), job);
        }
    }

    @Override
    public List<BackgroundStatus> list() {
        machine.requireAlive("list commands in the background");
        synchronized (jobs) {
            return jobs.values().stream().map(Job::status).limit(1000).toList();
        }
    }

    @Override
    public Optional<BackgroundStatus> find(String name) {
        return list().stream().filter(status -> status.name().equals(name)).findFirst();
    }

    @Override
    public BackgroundLog log(String name) {
        Job job = job(name);
        return job.output.log();
    }

    @Override
    public void end(String name, Duration grace) {
        Job job = job(name);
        job.process.end(grace);
    }

    private Job job(String name) {
        machine.requireAlive("look at a command in the background");
        synchronized (jobs) {
            Job job = jobs.get(name);
            if (job == null) {
                throw new SandboxNotFoundException(
                        Failure.of("background_command_not_found", "there is no \"" + name + "\""));
            }
            return job;
        }
    }

    @Override
    public void remove(String name) {
        machine.requireAlive("remove a command in the background");
        synchronized (jobs) {
            Job job = jobs.get(name);
            if (job != null && job.status().state() == BackgroundStatus.State.RUNNING) {
                throw new SandboxConflictException(Failure.of("background_command_runs", "\"" + name + "\" runs"));
            }
            jobs.remove(name);
        }
    }
}

package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ShellScripts;
import dev.sandkeeper.spi.ProvisionRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes one sandbox. Its name is known before and unique in the organisation, so that a create whose answer was lost is found
 * again, and asking twice makes one.
 */
final class Creation {
    private static final String PREPARE = ShellScripts.find() + ShellScripts.read(Creation.class, "prepare.sh");
    private static final int MOST_TRIES = 3;
    private static final int MOST_LOOKS = 4;
    private static final long FIRST_PAUSE = 50;
    private static final long LONGEST_PAUSE = 1000;
    private static final Duration PREPARING = Duration.ofSeconds(20);
    private static final Duration DISCARDING = Duration.ofSeconds(20);
    private static final Duration HASTY = Duration.ofMillis(1500);

    private final DaytonaApi all;
    /** Within the time that there is. */
    private final DaytonaApi api;

    private final Removal removal;
    private final ProviderEnds ends;
    private final ProvisionRequest request;
    private final Wire.NewSandbox wanted;
    private final Deadline deadline;
    private @Nullable String id;

    Creation(DaytonaApi api, Removal removal, ProviderEnds ends, ProvisionRequest request, Wire.NewSandbox wanted) {
        this.removal = removal;
        this.ends = ends;
        this.request = request;
        this.wanted = wanted;
        this.deadline = Deadline.in(request.spec().createTimeout());
        this.all = api;
        this.api = api.until(deadline);
    }

    /** What was made, and its daemon. */
    record Made(Wire.Sandbox sandbox, Toolbox toolbox) {}

    Made run() {
        boolean maybeThere = true;
        try {
            id = obtain().idOrFail();
            Wire.Sandbox started = awaitStarted(id);
            ends.ensure(started, request.expiresAt());
            Toolbox toolbox = new Toolbox(api, id, api.toolbox(started));
            prepare(toolbox);
            maybeThere = false;
            return new Made(started, new Toolbox(all, id, api.toolbox(started)));
        } catch (SandboxException e) {
            if (maybeThere) {
                discard(e);
            }
            throw e;
        }
    }

    private Wire.Sandbox obtain() {
        for (int attempt = 1; ; attempt++) {
            try {
                return api.create(wanted);
            } catch (OutcomeUnknownException | SandboxConflictException e) {
                Optional<Wire.Sandbox> found = look();
                if (found.isPresent()) {
                    return ours(found.get());
                }
                if (attempt == MOST_TRIES || deadline.passed()) {
                    throw e instanceof OutcomeUnknownException ? e : unknown(e);
                }
                // the name keeps this from making a second one
            }
        }
    }

    /** What was made may be seen a little later. */
    private Optional<Wire.Sandbox> look() {
        Optional<Wire.Sandbox> found = api.find(wanted.name());
        for (int i = 1; i < MOST_LOOKS && found.isEmpty() && !deadline.passed(); i++) {
            pause(FIRST_PAUSE << i);
            found = api.find(wanted.name());
        }
        return found;
    }

    private Wire.Sandbox ours(Wire.Sandbox found) {
        Optional<Identity> owner = Identity.of(found.labelsOrNone());
        if (owner.isEmpty() || !owner.get().name().equals(wanted.name())) {
            throw new BackendRejectedException(api.failure(
                            "name_taken",
                            "sandbox " + wanted.name() + " exists at Daytona and is not of this deployment")
                    .remedy("Destroy or rename it there"));
        }
        return found;
    }

    private OutcomeUnknownException unknown(SandboxException cause) {
        return new OutcomeUnknownException(
                api.failure("outcome_unknown", "it is not known whether sandbox " + wanted.name() + " was created")
                        .cause(cause));
    }

    /** However the create was answered, and for however long: what counts is what a look at the sandbox says. */
    private Wire.Sandbox awaitStarted(String made) {
        long pause = FIRST_PAUSE;
        String told = "";
        while (true) {
            Wire.Sandbox now = null;
            SandboxException fault = null;
            try {
                now = api.find(made).orElseThrow(() -> lost("Daytona does not have it any more"));
                switch (now.phase()) {
                    case RUNNING -> {
                        return now;
                    }
                    case FAILED -> throw failed(now);
                    case DESTROYED, STOPPED, PAUSED -> throw lost("it is " + now.state());
                    default -> {}
                }
            } catch (BackendUnavailableException e) {
                if (e.code().equals("create_failed")) {
                    throw e;
                }
                fault = e;
            }
            String word = now == null ? told : String.valueOf(now.state());
            if (!word.equals(told)) {
                told = word;
                request.progress().accept("the sandbox is " + word.replace('_', ' '));
            }
            if (deadline.passed()) {
                throw fault != null
                        ? fault
                        : new BackendUnavailableException(api.failure(
                                        "create_timeout",
                                        "sandbox " + wanted.name() + " did not start within "
                                                + request.spec().createTimeout() + ": it is " + told)
                                .remedy("Allow more by createTimeout(...)"));
            }
            pause(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
    }

    private BackendUnavailableException lost(String why) {
        return new BackendUnavailableException(
                api.failure("create_failed", "sandbox " + wanted.name() + " was lost while it started: " + why));
    }

    private BackendRejectedException failed(Wire.Sandbox now) {
        String reason = now.errorReason();
        return new BackendRejectedException(api.failure(
                        "create_failed",
                        "Daytona could not start sandbox " + wanted.name() + ": it is " + now.state()
                                + (reason == null ? "" : ": " + reason))
                .remedy("See whether the image or snapshot exists and can be pulled"));
    }

    /** The daemon may come up a moment after the sandbox has started. */
    private void prepare(Toolbox toolbox) {
        long pause = FIRST_PAUSE;
        while (true) {
            try {
                check(toolbox.execute("prepare a sandbox", PREPARE, List.of(wanted.name()), PREPARING, false));
                break;
            } catch (BackendUnavailableException | OutcomeUnknownException e) {
                if (deadline.passed()) {
                    throw e;
                }
            }
            pause(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
        Integer openFiles = DaytonaSandbox.openFiles(request.spec().maxOpenFiles());
        if (hasEnvironment(request)) {
            okio.ByteString content = CommandFile.environment(request.environment(), openFiles);
            toolbox.upload(List.of(new Toolbox.Upload("/tmp/.sandkeeper/environment", content)));
        }
    }

    static boolean hasEnvironment(ProvisionRequest request) {
        return !request.environment().isEmpty() || request.spec().maxOpenFiles().isPresent();
    }

    private void check(Wire.Executed done) {
        List<String> lines = new ArrayList<>((done.result() == null ? "" : done.result())
                .lines()
                .map(String::strip)
                .toList());
        if (!lines.remove("ready")) {
            throw new BackendUnavailableException(api.failure(
                    "prepare_failed",
                    "sandbox " + wanted.name() + " cannot run a script: it ended with " + done.exit()));
        }
        if (!lines.isEmpty()) {
            throw rejected(lines.get(0));
        }
    }

    private BackendRejectedException rejected(String line) {
        Map<String, String> words = Map.of(
                "tmp", "/tmp cannot be written",
                "workspace", "/workspace cannot be made or written, not by sudo either");
        String why = words.getOrDefault(line, line.startsWith("tool ") ? "it has no " + line.substring(5) : line);
        return new BackendRejectedException(api.failure(
                        "image_unusable", "what sandbox " + wanted.name() + " was made from cannot be used: " + why)
                .remedy("Use an image that has the tools of busybox or GNU, and a /workspace that its user may write"));
    }

    /** As well as it can be done: the caller destroys by id whatever is left. */
    private void discard(SandboxException because) {
        boolean interrupted = Thread.interrupted() || because instanceof SandboxInterruptedException;
        Duration time = interrupted || deadline.passed() ? HASTY : DISCARDING;
        DaytonaApi hasty = all.until(Deadline.in(time));
        try {
            String there = id != null
                    ? id
                    : hasty.find(wanted.name())
                            .filter(found -> Identity.of(found.labelsOrNone())
                                    .filter(owner -> owner.name().equals(wanted.name()))
                                    .isPresent())
                            .map(Wire.Sandbox::idOrFail)
                            .orElse(null);
            if (there != null) {
                removal.destroy(there, time);
            }
        } catch (SandboxException e) {
            because.addSuppressed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void pause(long milliseconds) {
        try {
            TimeUnit.MILLISECONDS.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw api.client().interrupted("create sandbox " + wanted.name(), e);
        }
    }
}

package dev.sandkeeper.internal;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Commands in the background of any sandbox that has a POSIX shell with setsid, mkfifo, dd, stat and the like, busybox or GNU,
 * and whose commands may leave processes behind. A supervisor in the sandbox starts the program, bounds its log and notes its
 * end; it is as far out of the program's reach as another process of the same user is, which is not at all. What it leaves is
 * bounded and parsed strictly. Every call ends within 30 seconds, {@link #end} within 30 seconds after the grace.
 */
public final class ShellBackground implements BackendBackground {
    private static final Duration CALL = Duration.ofSeconds(30);
    private static final int MOST = 1000;
    private static final int LONGEST_LINE = 200;
    private static final int LARGEST_LOG = 2 * (3 * 600_000 + 100);
    private static final int SMALLEST_PART = 4096;

    private final BackendSandbox sandbox;
    private final String backend;
    private final @Nullable BackgroundKeeper keeper;
    private final SecureRandom random = new SecureRandom();

    /** The answer of a script. */
    private record Answer(int code, Collected collected) {
        byte[] output() {
            return collected.stdout();
        }

        String errors() {
            return collected.stderr();
        }
    }

    /**
     * Works on a sandbox.
     *
     * @param sandbox where the scripts are started
     * @param backend the backend's name, for messages
     * @param keeper who knows of processes where commands do not see each other's; null where they do
     */
    public ShellBackground(BackendSandbox sandbox, String backend, @Nullable BackgroundKeeper keeper) {
        this.sandbox = sandbox;
        this.backend = backend;
        this.keeper = keeper;
    }

    @Override
    public void start(BackgroundRequest request) {
        if (keeper == null) {
            launch(request);
        } else {
            keeper.alone(() -> {
                if (hasNotEnded(request.name())) {
                    throw inUse(request.name());
                }
                launch(request);
            });
        }
    }

    /** What it has left behind may run. */
    private boolean hasNotEnded(String name) {
        return keeper != null
                && keeper.runs(name)
                && find(name)
                        .filter(status -> status.state() == BackgroundStatus.State.EXITED)
                        .isEmpty();
    }

    private void launch(BackgroundRequest request) {
        ProcessRequest process = request.process();
        byte[] token = new byte[16];
        random.nextBytes(token);
        Duration deadline = process.deadline();
        List<String> arguments = new ArrayList<>(List.of(
                request.name(),
                HexFormat.of().formatHex(token),
                Integer.toString(Math.max(SMALLEST_PART, request.logLimit() - request.logLimit() / 2)),
                deadline == null ? "0" : seconds(deadline),
                deadline == null ? "0" : seconds(deadline.plus(request.grace())),
                keeper == null ? "0" : "1",
                BackgroundScript.SUPERVISE.text()));
        arguments.addAll(process.arguments());
        String what = "start the background command \"" + request.name() + "\"";
        Answer answer = run(
                what,
                request(BackgroundScript.LAUNCH, arguments, process.environment(), process.workingDirectory(), CALL),
                0,
                launcher -> {
                    if (keeper != null) {
                        keeper.note(request.name(), launcher);
                    }
                });
        String program = process.arguments().get(0);
        switch (answer.code()) {
            case 0 -> {}
            case 71 ->
                throw new CommandNotStartableException(
                        failure("command_not_found", "\"" + program + "\" is not in the sandbox (127)")
                                .remedy("Install it in the image, or name its path"));
            case 72 ->
                throw new CommandNotStartableException(failure(
                                "command_not_executable",
                                "\"" + program + "\" is in the sandbox but cannot be executed (126)")
                        .remedy("Set its executable bit, or run it by its interpreter"));
            case 73 -> throw inUse(request.name());
            case 76 ->
                throw new CommandNotStartableException(
                        failure("background_tools_missing", "the image has no setsid or no mkfifo")
                                .remedy("Use an image that has them, such as one based on Debian or Alpine"));
            default -> throw failed(what, answer);
        }
    }

    private SandboxConflictException inUse(String name) {
        return new SandboxConflictException(failure(
                        "background_name_in_use",
                        "a background command \"" + name + "\" runs, or it is not known to have ended")
                .remedy("Use another name, or end that one first"));
    }

    @Override
    public List<BackgroundStatus> list() {
        return list("*");
    }

    @Override
    public Optional<BackgroundStatus> find(String name) {
        return list(name).stream().filter(status -> status.name().equals(name)).findFirst();
    }

    private List<BackgroundStatus> list(String pattern) {
        String what = "list background commands";
        Answer answer = ask(what, BackgroundScript.LIST, List.of(pattern), MOST * LONGEST_LINE, CALL);
        if (answer.code() != 0) {
            throw failed(what, answer);
        }
        return new String(answer.output(), StandardCharsets.ISO_8859_1)
                .lines()
                .flatMap(line -> BackgroundAnswers.status(line, this::lives).stream())
                .limit(MOST)
                .sorted((a, b) -> a.name().compareTo(b.name()))
                .toList();
    }

    private boolean lives(String name, boolean told) {
        return keeper == null ? told : keeper.runs(name);
    }

    @Override
    public BackgroundLog log(String name) {
        String what = "read the log of the background command \"" + name + "\"";
        Answer answer = ask(what, BackgroundScript.LOG, List.of(name), LARGEST_LOG, CALL);
        return switch (answer.code()) {
            case 0 ->
                BackgroundAnswers.log(answer.output())
                        .orElseThrow(() -> unavailable("could not " + what + ": the sandbox gave a malformed answer"));
            case 71 -> throw notFound(name);
            default -> throw failed(what, answer);
        };
    }

    @Override
    public void end(String name, Duration grace) {
        // asking in the sandbox takes a process there, and there may be none to be had
        if (keeper != null && (keeper.runs(name) || find(name).isPresent())) {
            keeper.end(name, grace);
        }
        String what = "end the background command \"" + name + "\"";
        List<String> arguments = List.of(name, tenths(grace), keeper == null ? "0" : "1");
        Answer answer = ask(what, BackgroundScript.END, arguments, 0, CALL.plus(grace));
        switch (answer.code()) {
            case 0 -> {}
            case 71 -> throw notFound(name);
            case 75 -> throw unavailable("could not " + what + ": something of it still runs");
            default -> throw failed(what, answer);
        }
    }

    @Override
    public void remove(String name) {
        String what = "remove the background command \"" + name + "\"";
        if (keeper == null) {
            removed(name, what);
        } else {
            keeper.alone(() -> {
                if (hasNotEnded(name)) {
                    throw runs(name);
                }
                removed(name, what);
                keeper.forget(name);
            });
        }
    }

    private void removed(String name, String what) {
        Answer answer = ask(what, BackgroundScript.REMOVE, List.of(name, keeper == null ? "0" : "1"), 0, CALL);
        switch (answer.code()) {
            case 0 -> {}
            case 73 -> throw runs(name);
            default -> throw failed(what, answer);
        }
    }

    private SandboxConflictException runs(String name) {
        return new SandboxConflictException(
                failure("background_command_runs", "the background command \"" + name + "\" still runs")
                        .remedy("End it first"));
    }

    private SandboxNotFoundException notFound(String name) {
        return new SandboxNotFoundException(
                failure("background_command_not_found", "there is no background command \"" + name + "\"")
                        .remedy("See backgroundCommands()"));
    }

    private SandboxException failed(String what, Answer answer) {
        String why = answer.code() == 74
                ? "there is no place for its state and log in /tmp"
                : "the script in the sandbox ended with exit code " + answer.code() + " "
                        + PathBytes.printable(answer.errors().strip());
        return unavailable("could not " + what + ": " + why.strip());
    }

    private BackendUnavailableException unavailable(String message) {
        return new BackendUnavailableException(
                failure("background_failed", message)
                        .remedy(
                                "See whether /tmp in the sandbox can be written and has room, and whether processes are exhausted"));
    }

    private Failure failure(String code, String message) {
        return Failure.of(code, message).backend(backend);
    }

    private Answer ask(String what, BackgroundScript script, List<String> arguments, int most, Duration bound) {
        return run(what, request(script, arguments, Map.of(), "/", bound), most, null);
    }

    private static ProcessRequest request(
            BackgroundScript script,
            List<String> arguments,
            Map<String, String> environment,
            String directory,
            Duration bound) {
        List<String> argv = new ArrayList<>(List.of("sh", "-c", script.text(), "sandkeeper-background"));
        argv.addAll(arguments);
        boolean launch = script == BackgroundScript.LAUNCH;
        // what it leaves behind is told from the rest by what it shares with no other command
        return new ProcessRequest(argv, environment, directory, null, launch, bound, launch);
    }

    /** What is done before a launcher may go on. */
    private interface Before {
        void go(BackendProcess launcher);
    }

    private Answer run(String what, ProcessRequest request, int most, @Nullable Before before) {
        Collected output = new Collected(most);
        try (BackendProcess process = sandbox.start(request)) {
            try {
                if (before != null) {
                    before.go(process);
                    release(process);
                }
                ExitStatus status = process.pump(output);
                if (status.timedOut()) {
                    throw unavailable("could not " + what + ": it did not end within " + request.deadline());
                }
                if (output.overflowed()) {
                    throw unavailable("could not " + what + ": the sandbox answered more than " + most + " bytes");
                }
                return new Answer(status.exitCode(), output);
            } catch (InterruptedException e) {
                process.end(Duration.ZERO);
                Thread.currentThread().interrupt();
                throw new SandboxInterruptedException(
                        failure("interrupted", "the thread was interrupted while it was to " + what)
                                .cause(e));
            }
        }
    }

    private static void release(BackendProcess process) {
        try (OutputStream stdin = process.stdin()) {
            stdin.write("go\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // it ended before: its exit code says why
        }
    }

    private static String seconds(Duration time) {
        return time.toSeconds() + "." + String.format(Locale.ROOT, "%03d", time.toMillisPart());
    }

    private static String tenths(Duration time) {
        return Long.toString(time.plusMillis(99).toMillis() / 100);
    }
}

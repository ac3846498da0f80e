package dev.sandkeeper.fly;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that was started in a Machine and is asked after by short execs. */
final class FlyProcess implements BackendProcess {
    private static final Logger LOG = LoggerFactory.getLogger(FlyProcess.class);
    private static final Duration LEFT_BEHIND = Duration.ofMillis(500);
    private static final Duration KILLING = Duration.ofSeconds(5);
    /** A look of the guest takes a twentieth of a second, and no exec shall take long. */
    private static final int LOOKS_A_SECOND = 20;

    private static final long MOST_LOOKS = 100;

    private final Guest guest;
    private final FlySandbox sandbox;
    private final ProcessRequest request;
    private final String tag;
    private final AtomicBoolean repeated;
    private final GuestOutput parts;
    private final ExecOutput output;
    private final OutputStream stdin;
    private volatile boolean ended;
    private volatile boolean closed;

    /**
     * A command that was started.
     *
     * @param repeated whether the request to start it may come a second time
     */
    FlyProcess(
            Guest guest,
            FlySandbox sandbox,
            ProcessRequest request,
            String tag,
            AtomicBoolean repeated,
            GuestOutput parts,
            OutputStream stdin) {
        this.guest = guest;
        this.sandbox = sandbox;
        this.request = request;
        this.tag = tag;
        this.repeated = repeated;
        this.parts = parts;
        this.output = ExecOutput.withoutHeader(parts, tag);
        this.stdin = stdin;
    }

    String tag() {
        return tag;
    }

    /** {@return whether it ends with this JVM, so that the guest must hear of it} */
    boolean isWatched() {
        return request.deadline() == null;
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        try {
            boolean open = true;
            while (open && !output.complete()) {
                open = output.pass(sink, Deadline.never());
            }
            if (!output.complete()) {
                throw lost();
            }
            finished();
            if (output.leftBehind()) {
                Deadline patience = Deadline.in(LEFT_BEHIND);
                while (open && !patience.passed() && !closed) {
                    open = output.pass(sink, patience);
                }
            }
            output.flush(sink);
        } catch (SandboxInterruptedException e) {
            Thread.interrupted();
            InterruptedException interrupted = new InterruptedException("interrupted while a command ran");
            interrupted.initCause(e);
            throw interrupted;
        } catch (IOException e) {
            throw unavailable("the output of a command was lost", e);
        }
        String program = request.arguments().get(0);
        String reason = output.notStarted();
        if (reason.isEmpty() && output.refusedBySetsid(program)) {
            reason = Integer.toString(output.exitCode());
        }
        if (!reason.isEmpty()) {
            throw notStarted(program, reason);
        }
        return new ExitStatus(output.exitCode(), output.timedOut());
    }

    private SandboxException lost() {
        if (closed) {
            return new HandleClosedException(guest.api()
                    .client()
                    .failure("handle_closed", "the connection to the command was closed")
                    .remedy("Close it after its end"));
        }
        MachineView view = guest.api().find(guest.ref()).orElse(null);
        if (view == null || view.hasEnded()) {
            return guest.gone(view == null ? "not there any more" : view.state());
        }
        return unavailable(
                "nothing is known of the end of \"" + request.arguments().get(0) + "\"", null);
    }

    private BackendUnavailableException unavailable(String message, @Nullable IOException e) {
        return new BackendUnavailableException(guest.api()
                .client()
                .failure("command_lost", message + " in Machine " + guest.ref())
                .cause(e));
    }

    private CommandNotStartableException notStarted(String program, String reason) {
        return switch (reason) {
            case "cwd" ->
                new CommandNotStartableException(guest.api()
                        .client()
                        .failure(
                                "working_directory_missing",
                                "the working directory \"" + request.workingDirectory()
                                        + "\" is not there, or is no directory that may be entered")
                        .remedy("Make it, or leave the working directory out"));
            case "126" ->
                new CommandNotStartableException(guest.api()
                        .client()
                        .failure("command_not_executable", "\"" + program + "\" cannot be executed (126)")
                        .remedy("Make it executable (chmod +x), or name its interpreter"));
            default ->
                new CommandNotStartableException(guest.api()
                        .client()
                        .failure(
                                "command_not_found",
                                "there is no program \"" + program + "\" (127), or no interpreter for it")
                        .remedy("Name a program on the sandbox's PATH, or its absolute path"));
        };
    }

    private void finished() {
        ended = true;
        sandbox.ended(this);
        guest.drop(tag, repeated.get(), parts.isLittle());
    }

    @Override
    public void signal(Signal signal) {
        if (!ended) {
            parts.hurry();
            unlessGone(
                    () -> guest.ask(isWatched(), "", List.of("signal", tag, Integer.toString(signal.number()), "0")));
        }
    }

    /** With the Machine the command is gone. */
    private static void unlessGone(Runnable action) {
        try {
            action.run();
        } catch (SandboxGoneException e) {
            LOG.debug("nothing is left to be signalled", e);
        }
    }

    @Override
    public void end(Duration grace) {
        if (ended && !output.leftBehind()) {
            return;
        }
        parts.hurry();
        try {
            unlessGone(() -> {
                if (grace.isZero() || !endsBy(grace)) {
                    kill();
                }
            });
        } catch (SandboxInterruptedException e) {
            // nothing may be left because a caller was in a hurry
            sandbox.later(() -> unlessGone(this::kill));
            throw e;
        }
    }

    private boolean endsBy(Duration grace) {
        Deadline deadline = Deadline.in(grace);
        int signal = Signal.TERM.number();
        do {
            long looks = Math.max(1, deadline.time().toMillis() * LOOKS_A_SECOND / 1000);
            Guest.Said said = guest.ask(
                    isWatched(),
                    "",
                    List.of("signal", tag, Integer.toString(signal), Long.toString(Math.min(MOST_LOOKS, looks))));
            if (said.word(1).equals("0")) {
                return true;
            }
            signal = 0;
        } while (!deadline.passed());
        return false;
    }

    private void kill() {
        Deadline deadline = Deadline.in(KILLING);
        do {
            if (guest.ask(isWatched(), "", List.of("kill", tag)).word(1).equals("0")) {
                return;
            }
        } while (!deadline.passed());
        throw new BackendUnavailableException(guest.api()
                .client()
                .failure(
                        "command_not_ended",
                        "\"" + request.arguments().get(0) + "\" in Machine " + guest.ref()
                                + " still has processes after KILL")
                .remedy("Destroy the sandbox"));
    }

    @Override
    public String channel() {
        return "exec";
    }

    @Override
    public void close() {
        closed = true;
        parts.close();
        if (!ended) {
            // nobody takes its output any more, and it shall not wait for that
            guest.drop(tag, repeated.get(), false);
        }
    }
}

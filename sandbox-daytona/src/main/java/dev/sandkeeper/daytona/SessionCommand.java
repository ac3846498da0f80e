package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that runs in a session of the daemon. */
final class SessionCommand implements BackendProcess {
    private static final Logger LOG = LoggerFactory.getLogger(SessionCommand.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration KILLING = Duration.ofSeconds(2);
    private static final Duration LAST_WORD = Duration.ofSeconds(1);
    /** A file of output that is as long as this will not grow, and is removed once it has been taken. */
    static final int FULL = 1 << 20;

    private final DaytonaSandbox sandbox;
    private final Toolbox toolbox;
    private final Control control;
    private final ProcessRequest request;
    private final String tag;
    private final CommandFile file;
    private final Sessions.Session session;
    private final CommandState state;
    private final LogFollower follower;
    private final OutputStream stdin;
    private final Spool out = new Spool('o');
    private final Spool err = new Spool('e');
    private final AtomicBoolean parted = new AtomicBoolean();
    private volatile boolean spoiled;
    private volatile boolean closed;

    /** What has been taken of the files of one stream. */
    private final class Spool {
        private final char letter;
        private long segment;
        private int taken;
        private boolean used;
        private boolean wanted = true;

        Spool(char letter) {
            this.letter = letter;
        }

        void deliver(CommandState.Piece piece, OutputSink sink) {
            byte[] bytes = piece.isInline() ? piece.bytes().toByteArray() : fetch(piece);
            if (!wanted || bytes.length == 0) {
                return;
            }
            try {
                if (letter == 'o') {
                    sink.stdout(bytes, 0, bytes.length);
                } else {
                    sink.stderr(bytes, 0, bytes.length);
                }
            } catch (IOException e) {
                wanted = false;
                LOG.debug("nobody wants the rest of a stream", e);
            }
        }

        private byte[] fetch(CommandState.Piece piece) {
            used = true;
            if (piece.segment() != segment) {
                segment = piece.segment();
                taken = 0;
            }
            int size = piece.size();
            byte[] bytes = {};
            String path = file.segment(letter, segment);
            if (wanted && size > taken) {
                byte[] read = toolbox.read(path, taken, size);
                if (read == null || read.length != size - taken) {
                    throw outputLost("the file that held it is gone or too short");
                }
                bytes = read;
            }
            taken = size;
            if (size >= FULL) {
                toolbox.remove(path, false);
            }
            return bytes;
        }
    }

    SessionCommand(
            DaytonaSandbox sandbox,
            ProcessRequest request,
            String tag,
            CommandFile file,
            Sessions.Session session,
            String command,
            CommandState state) {
        this.sandbox = sandbox;
        this.toolbox = sandbox.toolbox();
        this.control = sandbox.control();
        this.request = request;
        this.tag = tag;
        this.file = file;
        this.session = session;
        this.state = state;
        this.follower = new LogFollower(toolbox, session.id(), command, tag, state);
        this.stdin = request.stdin()
                ? new CommandStdin(toolbox, file, state, tag, session.id(), command)
                : CommandStdin.none();
    }

    LogFollower follower() {
        return follower;
    }

    /** What the scripts that end commands call it. */
    String target() {
        return Control.target(tag, state.pid());
    }

    String tag() {
        return tag;
    }

    boolean isOver() {
        return state.exitCode() >= 0;
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        try {
            while (true) {
                CommandState.Piece piece = state.next(Deadline.in(LOOK));
                if (piece != null) {
                    (piece.stream() == 'o' ? out : err).deliver(piece, sink);
                } else if (closed) {
                    throw processClosed();
                } else if (state.isOver()) {
                    return ended();
                }
            }
        } finally {
            if (state.isOver()) {
                part();
            }
        }
    }

    private ExitStatus ended() {
        SandboxException fault = state.fault();
        if (fault != null) {
            throw fault;
        }
        String reason = state.notStarted();
        if (reason != null) {
            throw notStarted(reason);
        }
        if (state.hostLost() && !spoiled) {
            throw new BackendUnavailableException(failure(
                            "host_lost",
                            "a command in sandbox " + toolbox.id()
                                    + " was ended, because nothing had been heard of this host for 8 seconds")
                    .remedy("Give the command a deadline: it then needs no sign of life"));
        }
        if (state.outputLost() && !spoiled) {
            throw outputLost("the sandbox has no room for it");
        }
        return new ExitStatus(state.exitCode(), state.timedOut());
    }

    private BackendUnavailableException processClosed() {
        return new BackendUnavailableException(failure("process_closed", "the process was closed while it ran"));
    }

    private BackendUnavailableException outputLost(String why) {
        return new BackendUnavailableException(failure(
                        "output_lost",
                        "the output of a command in sandbox " + toolbox.id() + " is not complete: " + why)
                .remedy("See whether /tmp in the sandbox is full"));
    }

    private SandboxException notStarted(String reason) {
        String program = request.arguments().get(0);
        return switch (reason) {
            case "cwd" ->
                new CommandNotStartableException(failure(
                                "working_directory_missing",
                                "the working directory " + request.workingDirectory()
                                        + " does not exist in the sandbox or cannot be entered")
                        .remedy("Make it first, or name another"));
            case "126" ->
                new CommandNotStartableException(failure(
                                "command_not_executable",
                                "\"" + program + "\" is in the sandbox but cannot be executed (126)")
                        .remedy("Set its executable bit, or run it by its interpreter"));
            case "127" ->
                new CommandNotStartableException(
                        failure("command_not_found", "\"" + program + "\" is not in the sandbox (127)")
                                .remedy("Install it in the image, or name its path"));
            case "environment" ->
                new CommandNotStartableException(failure(
                                "environment_missing",
                                "the sandbox's own environment, /tmp/.sandkeeper/environment, is gone")
                        .remedy("Do not remove it, and create a new sandbox"));
            default ->
                new BackendUnavailableException(
                        failure("command_failed_to_start", "the sandbox cannot start commands: " + reason + " failed")
                                .remedy("See whether /tmp in the sandbox can be written and has room"));
        };
    }

    private Failure failure(String code, String message) {
        return toolbox.api().failure(code, message);
    }

    /** Lets go of what only a command that runs needs. */
    private void part() {
        if (parted.compareAndSet(false, true)) {
            boolean clean = state.exitCode() >= 0 && !state.leftBehind() && !spoiled;
            sandbox.ended(this, clean, out.used || err.used);
        }
    }

    Sessions.Session session() {
        return session;
    }

    String directory() {
        return file.directory();
    }

    @Override
    public void signal(Signal signal) {
        if (state.exitCode() < 0) {
            try {
                control.signal(target(), signal.number());
            } catch (SandboxGoneException e) {
                LOG.debug("{} is gone, and the command with it", toolbox.id());
            }
        }
    }

    @Override
    public void end(Duration grace) {
        if (state.exitCode() >= 0 && !state.leftBehind()) {
            return;
        }
        spoiled = true;
        try {
            endTree(grace);
        } catch (SandboxGoneException e) {
            LOG.debug("{} is gone, and the command with it", toolbox.id());
        } catch (InterruptedException e) {
            throw toolbox.api().client().interrupted("end a command", e);
        }
    }

    private void endTree(Duration grace) throws InterruptedException {
        int left = grace.isZero() ? 1 : control.terminate(target(), grace);
        if (left > 0) {
            left = control.kill(List.of(target()), KILLING);
        }
        if (!told()) {
            // what the script does not see, the daemon does
            sandbox.sessions().delete(session);
            left = control.kill(List.of(target()), KILLING);
            state.killed();
        }
        if (left > 0) {
            throw new BackendUnavailableException(
                    failure("command_survives", "a command in sandbox " + toolbox.id() + " cannot be ended")
                            .remedy("Destroy the sandbox"));
        }
    }

    /** Whether the command has told of its end, or soon does; who closed the process does not hear it. */
    private boolean told() throws InterruptedException {
        return closed || (state.awaitOver(Deadline.in(LAST_WORD)) && state.exitCode() >= 0);
    }

    @Override
    public String channel() {
        return "session";
    }

    @Override
    public void close() {
        if (!state.isOver()) {
            closed = true;
            follower.close(processClosed());
        } else {
            part();
        }
    }

    /** The connection that started it is closed. */
    void abandon() {
        closed = true;
        follower.close(processClosed());
    }
}

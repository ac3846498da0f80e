package dev.sandkeeper.daytona;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.internal.CommandControl;
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

/** A command that runs in a session of the daemon: as a command of the session itself, or by a shell that is one. */
final class SessionCommand implements BackendProcess, Live {
    private static final Logger LOG = LoggerFactory.getLogger(SessionCommand.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration KILLING = Duration.ofSeconds(2);
    private static final Duration LAST_WORD = Duration.ofSeconds(1);
    /** A file of output that is as long as this will not grow, and is removed once it has been taken. */
    static final int FULL = 1 << 20;

    private final DaytonaSandbox sandbox;
    private final Toolbox toolbox;
    private final CommandControl control;
    private final CommandFaults faults;
    private final String tag;
    private final CommandFile file;
    private final CommandState state;
    private final Seat seat;
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
                    throw faults.outputLost("the file that held it is gone or too short");
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
            CommandState state,
            Seat seat,
            OutputStream stdin) {
        this.sandbox = sandbox;
        this.toolbox = sandbox.toolbox();
        this.control = sandbox.control();
        this.faults = new CommandFaults(toolbox, request);
        this.tag = tag;
        this.file = file;
        this.state = state;
        this.seat = seat;
        this.stdin = stdin;
    }

    @Override
    public String target() {
        return CommandControl.target(tag, state.pid());
    }

    String tag() {
        return tag;
    }

    @Override
    public boolean isOver() {
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
                    throw faults.processClosed();
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
        String reason = state.notStarted();
        if (reason != null) {
            throw faults.notStarted(reason);
        }
        SandboxException fault = state.fault();
        if (fault != null) {
            throw fault;
        }
        if (state.hostLost() && !spoiled) {
            throw faults.hostLost();
        }
        if (state.outputLost() && !spoiled) {
            throw faults.outputLost("the sandbox has no room for it");
        }
        return new ExitStatus(state.exitCode(), state.timedOut());
    }

    /** Lets go of what only a command that runs needs. */
    private void part() {
        if (parted.compareAndSet(false, true)) {
            boolean clean = state.exitCode() >= 0 && !state.leftBehind() && !spoiled;
            boolean spooled = out.used || err.used;
            sandbox.ended(this);
            seat.release(clean, spooled);
            if (spooled) {
                sandbox.later(() -> toolbox.remove(file.directory(), true));
            }
        }
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
            seat.delete();
            left = control.kill(List.of(target()), KILLING);
            state.killed();
        }
        if (left > 0) {
            throw faults.survives();
        }
    }

    /** Whether the command has told of its end, or soon does; who closed the process does not hear it. */
    private boolean told() throws InterruptedException {
        return closed || (state.awaitOver(Deadline.in(LAST_WORD)) && state.exitCode() >= 0);
    }

    @Override
    public String channel() {
        return seat.channel();
    }

    @Override
    public void close() {
        if (!state.isOver()) {
            abandon();
        } else {
            part();
        }
    }

    @Override
    public void abandon() {
        closed = true;
        state.fail(faults.processClosed());
        seat.leave();
    }
}

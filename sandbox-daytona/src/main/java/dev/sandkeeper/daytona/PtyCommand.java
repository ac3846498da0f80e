package dev.sandkeeper.daytona;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.http.ProviderSocket;
import dev.sandkeeper.internal.CommandControl;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.Words;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import okio.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A command at a terminal of the daemon's. Its shell is told to become the script that runs the command; what it shows before
 * that is thrown away. What is shown while nobody is connected is lost, so that a cut connection ends the watching.
 */
final class PtyCommand implements BackendProcess, Live {
    private static final Logger LOG = LoggerFactory.getLogger(PtyCommand.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration KILLING = Duration.ofSeconds(2);
    private static final Duration LAST_WORD = Duration.ofSeconds(1);
    private static final int KILLED = 128 + 9;

    private final DaytonaSandbox sandbox;
    private final Toolbox toolbox;
    private final CommandFaults faults;
    private final ProcessRequest request;
    private final String tag;
    private final ProviderSocket socket;
    private final ExecOutput output;
    private final PtyKeyboard keyboard;
    private final AtomicBoolean parted = new AtomicBoolean();
    private final CountDownLatch told = new CountDownLatch(1);
    private volatile int pid;
    private volatile int exitCode = -1;
    private volatile boolean killed;
    private volatile boolean closed;

    private PtyCommand(DaytonaSandbox sandbox, ProcessRequest request, String tag, ProviderSocket socket) {
        this.sandbox = sandbox;
        this.toolbox = sandbox.toolbox();
        this.faults = new CommandFaults(toolbox, request);
        this.request = request;
        this.tag = tag;
        this.socket = socket;
        this.output = new ExecOutput(new PtyParts(socket), tag, true);
        this.keyboard = new PtyKeyboard(socket);
    }

    /** Opens a terminal and starts the command that has been written there. */
    static PtyCommand start(
            DaytonaSandbox sandbox, ProcessRequest request, String tag, CommandFile file, TerminalSize size) {
        Toolbox toolbox = sandbox.toolbox();
        toolbox.createTerminal(tag, size);
        PtyCommand command = new PtyCommand(sandbox, request, tag, toolbox.terminal(tag));
        boolean started = false;
        try {
            command.begin(file);
            started = true;
            return command;
        } catch (IOException e) {
            throw toolbox.diagnosed(command.faults.lost("its terminal was lost before it started", e));
        } catch (InterruptedException e) {
            throw toolbox.api().client().interrupted("start a command", e);
        } finally {
            if (!started) {
                command.socket.close();
                sandbox.later(() -> toolbox.deleteTerminal(tag));
            }
        }
    }

    private void begin(CommandFile file) throws IOException, InterruptedException {
        Deadline deadline = Deadline.in(toolbox.api().toolboxTimeout());
        // the space keeps it out of most histories
        socket.send(ByteString.encodeUtf8(" exec sh " + file.script() + "\n"), deadline.time());
        List<String> words = Words.of(output.header(deadline));
        String word = words.size() > 1 ? words.get(1) : "";
        if (words.get(0).equals("E")) {
            throw faults.notStarted(word);
        }
        if (!words.get(0).equals("P") || !word.matches("[0-9]{1,9}")) {
            throw new IOException("the shell in the sandbox gave a malformed answer");
        }
        pid = Integer.parseInt(word);
        // what is typed earlier would be for the script
        output.awaitStart(deadline);
        if (!request.stdin()) {
            keyboard.close();
        }
    }

    @Override
    public String target() {
        return CommandControl.target(tag, pid);
    }

    @Override
    public boolean isOver() {
        return exitCode >= 0;
    }

    @Override
    public OutputStream stdin() {
        return request.stdin() ? keyboard : CommandStdin.none();
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        IOException cut = null;
        try {
            boolean open = true;
            while (open && !output.complete() && !closed) {
                open = output.pass(sink, Deadline.in(LOOK));
            }
            output.flush(sink);
        } catch (IOException e) {
            cut = e;
        }
        keyboard.end();
        if (output.complete()) {
            exitCode = output.exitCode();
            told.countDown();
            part();
            if (!output.notStarted().isEmpty()) {
                throw faults.notStarted(output.notStarted());
            }
            return new ExitStatus(exitCode, output.timedOut());
        }
        if (closed) {
            throw faults.processClosed();
        }
        part();
        if (killed) {
            return new ExitStatus(KILLED, output.timedOut());
        }
        throw toolbox.diagnosed(faults.lost("its terminal is gone", cut));
    }

    private void part() {
        if (parted.compareAndSet(false, true)) {
            socket.close();
            sandbox.ended(this, tag);
            sandbox.later(() -> toolbox.deleteTerminal(tag));
        }
    }

    @Override
    public void signal(Signal signal) {
        if (!isOver()) {
            try {
                sandbox.control().signal(target(), signal.number());
            } catch (SandboxGoneException e) {
                LOG.debug("{} is gone, and the command with it", toolbox.id());
            }
        }
    }

    @Override
    public void end(Duration grace) {
        if (isOver() && !output.leftBehind()) {
            return;
        }
        try {
            int left = grace.isZero() ? 1 : sandbox.control().terminate(target(), grace);
            if (left > 0) {
                left = sandbox.control().kill(List.of(target()), KILLING);
            }
            if (left > 0) {
                throw faults.survives();
            }
            if (!isOver() && !closed) {
                // the script tells of the end, unless it was killed too
                if (!told.await(LAST_WORD.toNanos(), TimeUnit.NANOSECONDS)) {
                    killed = true;
                    toolbox.deleteTerminal(tag);
                }
            }
        } catch (SandboxGoneException e) {
            LOG.debug("{} is gone, and the command with it", toolbox.id());
        } catch (InterruptedException e) {
            throw toolbox.api().client().interrupted("end a command", e);
        }
    }

    @Override
    public void resize(TerminalSize size) {
        if (!isOver()) {
            toolbox.resizeTerminal(tag, size);
        }
    }

    @Override
    public String channel() {
        return "terminal";
    }

    @Override
    public void close() {
        closed = true;
        socket.close();
    }

    @Override
    public void abandon() {
        close();
        try {
            toolbox.deleteTerminal(tag);
        } catch (SandboxException e) {
            LOG.debug("a terminal was left in {}: {}", toolbox.id(), e.getMessage());
        }
    }
}

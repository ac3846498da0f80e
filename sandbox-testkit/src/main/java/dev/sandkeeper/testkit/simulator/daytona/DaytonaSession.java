package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.internal.MarkScanner;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A session: one shell that stays, in which commands run one after another, so that what one of them changes the next one sees.
 * A command that ends the shell leaves itself without an exit code for ever, as in the real one. Safe from many threads.
 */
final class DaytonaSession {
    private final String id;
    private final BackendProcess shell;
    private final String tag = Tags.next();
    private final List<DaytonaCommand> commands = new ArrayList<>();
    private final Queue<DaytonaCommand> waiting = new ArrayDeque<>();
    private final Stream out = new Stream();
    private final Stream err = new Stream();
    private boolean begun;
    private boolean ended;

    /** One of the shell's two streams: it is at the same command as the other one, or a little behind. */
    private final class Stream {
        private final Queue<DaytonaCommand> unfinished = new ArrayDeque<>();
        private final MarkScanner scanner = new MarkScanner(tag, true, record -> finished(this, record));
    }

    DaytonaSession(String id, BackendProcess shell) {
        this.id = id;
        this.shell = shell;
    }

    String id() {
        return id;
    }

    synchronized List<DaytonaCommand> commands() {
        return List.copyOf(commands);
    }

    synchronized Optional<DaytonaCommand> command(String wanted) {
        return commands.stream().filter(command -> command.id.equals(wanted)).findFirst();
    }

    synchronized boolean ended() {
        return ended;
    }

    /**
     * Lets the shell run a command when it is done with those before.
     *
     * @throws IOException if the shell has ended
     */
    void run(DaytonaCommand command) throws IOException {
        synchronized (this) {
            if (ended) {
                throw new IOException("the shell has ended");
            }
            commands.add(command);
            if (!waiting.isEmpty() || !out.unfinished.isEmpty() || !err.unfinished.isEmpty()) {
                waiting.add(command);
                return;
            }
            begin(command);
        }
        send(command);
    }

    private void begin(DaytonaCommand command) {
        out.unfinished.add(command);
        err.unfinished.add(command);
    }

    private void send(DaytonaCommand command) throws IOException {
        OutputStream stdin = shell.stdin();
        synchronized (stdin) {
            String first = begun ? "" : "exec 8>&1 7>&2\n";
            begun = true;
            stdin.write((first + script(command)).getBytes(StandardCharsets.UTF_8));
            stdin.flush();
        }
    }

    /** The shell's own output is what the command's is, so that nothing stands between them that could delay it. */
    private String script(DaytonaCommand command) {
        String text = DaytonaShells.quoted(command.text);
        String pipe = command.pipe();
        // the pipe has its name only once the command reads it, so that who finds it need not wait for a reader
        String made = pipe + ".new";
        String run = command.background
                ? "if rm -f " + pipe + " && mkfifo -m 600 " + made + " 2>/dev/null\nthen { mv " + made + " " + pipe
                        + "; eval " + text + "\n} 0<>" + made + "\nelse { eval " + text + "\n} </dev/null\nfi\n"
                : "{ eval " + text + "\n} </dev/null\n";
        String after = "__sk=$?\n" + (command.background ? "rm -f " + pipe + "\n" : "");
        return run + after + "printf '\\001%s %d\\n' " + tag + " $__sk >&8\nprintf '\\001%s %d\\n' " + tag
                + " $__sk >&7\n";
    }

    /** Hands on what the shell prints until it ends; called once, on a thread of its own. */
    void pump() throws InterruptedException {
        try {
            shell.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) throws IOException {
                    out.scanner.accept(buffer, offset, length, (bytes, from, count) -> print(out, bytes, from, count));
                }

                @Override
                public void stderr(byte[] buffer, int offset, int length) throws IOException {
                    err.scanner.accept(buffer, offset, length, (bytes, from, count) -> print(err, bytes, from, count));
                }
            });
        } finally {
            died();
        }
    }

    private void print(Stream stream, byte[] buffer, int offset, int length) {
        DaytonaCommand command = current(stream);
        if (command == null) {
            return;
        }
        if (stream == out) {
            command.log.stdout(buffer, offset, length);
        } else {
            command.log.stderr(buffer, offset, length);
        }
    }

    private synchronized @Nullable DaytonaCommand current(Stream stream) {
        return stream.unfinished.peek();
    }

    private void finished(Stream stream, String record) {
        DaytonaCommand next = null;
        synchronized (this) {
            DaytonaCommand command = stream.unfinished.poll();
            if (command == null || (stream == out ? err : out).unfinished.contains(command)) {
                return;
            }
            command.ended(code(record));
            next = waiting.poll();
            if (next != null) {
                begin(next);
            }
        }
        if (next != null) {
            sendOrEnd(next);
        }
    }

    private void sendOrEnd(DaytonaCommand next) {
        try {
            send(next);
        } catch (IOException e) {
            // the shell has ended in between: the pump notices and ends everything
            shell.close();
        }
    }

    private static int code(String record) {
        try {
            return Integer.parseInt(record.trim());
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** Nobody will ever write an exit code; who waits for one waits until the session is deleted. */
    private synchronized void died() {
        ended = true;
        commands.forEach(command -> command.log.flush());
    }

    /** Ends the shell and all that it runs: TERM, and KILL after the grace. */
    void end(Duration grace) {
        try {
            shell.end(grace);
        } finally {
            release();
        }
    }

    /** The machine is gone, and the shell with it. */
    void release() {
        shell.close();
        synchronized (this) {
            ended = true;
            commands.forEach(command -> command.log.end());
        }
    }
}

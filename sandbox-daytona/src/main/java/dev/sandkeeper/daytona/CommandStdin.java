package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * A command's standard input: a little goes as a line, more as a file whose number is the line. Writing waits until the command
 * has taken the piece before, so that it blocks while the command does not read. A line of which the command says nothing may
 * have been lost by whoever passes it on, and is sent again: the command passes over one that it has had.
 */
final class CommandStdin extends OutputStream {
    private static final int INLINE = 6 * 1024;
    private static final int LARGEST = 512 * 1024;
    /** After how long a line is sent again. A few times only, because a command that does not read has them all wait. */
    private static final List<Duration> AGAIN = List.of(Duration.ofSeconds(2), Duration.ofSeconds(8));

    /** How long the last of what a command has told is waited for when it is known to have ended. */
    private static final Duration LATE = Duration.ofSeconds(5);

    private final Toolbox toolbox;
    private final CommandFile file;
    private final CommandState state;
    private final String tag;
    private final String session;
    private final String command;
    private final ReentrantLock sending = new ReentrantLock();
    private long number;
    private String last = "";
    private boolean closed;

    CommandStdin(Toolbox toolbox, CommandFile file, CommandState state, String tag, String session, String command) {
        this.toolbox = toolbox;
        this.file = file;
        this.state = state;
        this.tag = tag;
        this.session = session;
        this.command = command;
    }

    /** A stream that takes nothing. */
    static OutputStream none() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("the command reads no standard input");
            }
        };
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("standard input is closed");
        }
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, LARGEST);
            send(ByteString.of(bytes, offset + done, part));
            done += part;
        }
    }

    private void send(ByteString piece) throws IOException {
        awaitTaken();
        long next = number + 1;
        try {
            if (piece.size() > INLINE) {
                toolbox.upload(List.of(new Toolbox.Upload(file.piece(next), piece)));
                last = "f " + next;
            } else {
                last = "i " + next + " " + piece.base64();
            }
            line(next, last);
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (SandboxException e) {
            throw new IOException("the command cannot be reached", e);
        }
        number = next;
        if (piece.size() > INLINE) {
            // the command's own memory of it is a pipe: what is larger it has to read first
            awaitTaken();
        }
    }

    private void awaitTaken() throws IOException {
        try {
            if (state.isDeaf() || !taken()) {
                throw new IOException("the command reads no more");
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (SandboxException e) {
            throw new IOException("the command cannot be reached", e);
        }
    }

    private boolean taken() throws IOException, InterruptedException {
        for (Duration time : AGAIN) {
            if (state.awaitTaken(number, Deadline.in(time))) {
                return true;
            }
            if (state.isDeaf()) {
                return false;
            }
            line(number, last);
        }
        return state.awaitTaken(number, Deadline.never());
    }

    private void line(long piece, String text) throws IOException, InterruptedException {
        // where an answer was lost, it may have taken the piece before it ended: what it has told of it may come late
        if (!passedOn(text) && !state.awaitTaken(piece, Deadline.in(LATE))) {
            throw new IOException("the command has ended");
        }
    }

    /** False if the command has ended. */
    private boolean passedOn(String text) {
        sending.lock();
        try {
            return toolbox.input(session, command, tag + " " + text);
        } finally {
            sending.unlock();
        }
    }

    /** Whether anybody reads what is sent. Never asks within a line. */
    boolean hears() {
        if (!sending.tryLock()) {
            return true;
        }
        try {
            return toolbox.hears(session, command);
        } finally {
            sending.unlock();
        }
    }

    private static IOException interrupted(@Nullable Throwable cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException e = new InterruptedIOException("interrupted while writing to a command");
        e.initCause(cause);
        return e;
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            if (state.isDeaf()) {
                return;
            }
            awaitTaken();
            try {
                end("e " + (number + 1));
            } catch (InterruptedException e) {
                throw interrupted(e);
            } catch (SandboxException e) {
                throw new IOException("the command cannot be told of the end of its input", e);
            }
        }
    }

    /** A command that was never told of the end would wait for it for ever. */
    private void end(String text) throws InterruptedException {
        boolean passedOn = passedOn(text);
        for (Duration time : AGAIN) {
            if (!passedOn || state.awaitDeaf(Deadline.in(time))) {
                return;
            }
            passedOn = passedOn(text);
        }
    }
}

package dev.sandkeeper.internal;

import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the output of one command apart: the program's own on both streams, and the records of the script that runs it between.
 * Used by one thread, but what it knows may be asked by any.
 */
public final class ExecOutput {
    private static final Logger LOG = LoggerFactory.getLogger(ExecOutput.class);
    private static final int LONGEST_COMPLAINT = 4096;
    private static final int STDERR_START = 512;
    private static final String SETSID = "setsid: ";

    private final OutputParts stream;
    private final MarkScanner stdout;
    private final MarkScanner stderr;
    private final StringBuilder complaint = new StringBuilder();
    private @Nullable String header;
    private boolean stdoutDone;
    private int exitCode = -1;
    private String notStarted = "";
    private boolean leftBehind;
    private final boolean terminal;
    /** What a terminal shows before its program starts is only the echo of what the wrapper was told. */
    private boolean started;

    private final ByteArrayOutputStream first = new ByteArrayOutputStream();
    private final StringBuilder stderrStart = new StringBuilder();
    private boolean stdoutSeen;
    private boolean timedOut;
    private boolean stdoutWanted = true;
    private boolean stderrWanted = true;

    /**
     * The output of a command without a terminal.
     *
     * @param stream where it comes from
     * @param tag the command's own
     */
    public ExecOutput(OutputParts stream, String tag) {
        this(stream, tag, false);
    }

    /**
     * The output of a command.
     *
     * @param stream where it comes from
     * @param tag the command's own
     * @param terminal whether records and output come together, as standard output
     */
    public ExecOutput(OutputParts stream, String tag, boolean terminal) {
        this.stream = stream;
        this.terminal = terminal;
        this.stdout = terminal
                ? new MarkScanner(tag, true, this::record)
                : new MarkScanner(tag, false, record -> stdoutDone = true);
        this.stderr = new MarkScanner(tag, true, this::record);
    }

    /**
     * The output of a command whose wrapper has told everything before.
     *
     * @param stream where it comes from
     * @param tag the command's own
     * @return its output
     */
    public static ExecOutput withoutHeader(OutputParts stream, String tag) {
        ExecOutput output = new ExecOutput(stream, tag);
        output.header = "";
        return output;
    }

    private void record(String record) {
        if (header == null) {
            header = record;
            return;
        }
        List<String> words = Words.of(record);
        String word = words.size() > 1 ? words.get(1) : "";
        switch (words.get(0)) {
            case "S" -> started = true;
            case "T" -> timedOut = true;
            // nothing was executed; or at last not, when a shell had already tried
            case "E", "F" -> notStarted = word;
            case "X" -> {
                if (word.matches("[0-9]{1,3}")) {
                    exitCode = Integer.parseInt(word) & 0xff;
                    leftBehind = words.size() > 2 && !words.get(2).equals("0");
                    stdoutDone |= terminal;
                }
            }
            default -> LOG.debug("a record that is none of ours");
        }
    }

    /**
     * Waits for what the wrapper says before it runs anything.
     *
     * @param deadline how long
     * @return a record
     * @throws IOException if nothing comes, or the stream fails
     * @throws InterruptedException if the calling thread was interrupted
     */
    public String header(Deadline deadline) throws IOException, InterruptedException {
        while (header == null) {
            part(deadline, this::complain);
        }
        return header;
    }

    /**
     * Waits until a terminal is the program's.
     *
     * @param deadline how long
     * @throws IOException if nothing comes, or the stream fails
     * @throws InterruptedException if the calling thread was interrupted
     */
    public void awaitStart(Deadline deadline) throws IOException, InterruptedException {
        while (!started) {
            part(deadline, (buffer, offset, length) -> {});
        }
    }

    /** Takes what comes before the program does; what comes after that in the same piece is kept. */
    private void part(Deadline deadline, MarkScanner.Output before) throws IOException, InterruptedException {
        switch (stream.next(deadline)) {
            case STDOUT -> {
                if (terminal) {
                    stdout.accept(stream.buffer(), stream.start(), stream.length(), (buffer, offset, length) -> {
                        if (started) {
                            first.write(buffer, offset, length);
                        } else {
                            before.accept(buffer, offset, length);
                        }
                    });
                } else {
                    before.accept(stream.buffer(), stream.start(), stream.length());
                }
            }
            case STDERR -> stderr.accept(stream.buffer(), stream.start(), stream.length(), before);
            case END -> throw new EOFException("the command's stream ended before it started");
            case NOTHING -> {
                if (deadline.passed()) {
                    throw new SocketTimeoutException("the command did not start in time");
                }
            }
        }
    }

    /** {@return what came before the header: why nothing could be started} */
    public String complaint() {
        return complaint.toString().strip();
    }

    /**
     * Hands the next bytes over, if any come.
     *
     * @param sink takes them
     * @param deadline how long is waited
     * @return false at the end of the stream
     * @throws IOException if the stream fails
     * @throws InterruptedException if the calling thread was interrupted
     */
    public boolean pass(OutputSink sink, Deadline deadline) throws IOException, InterruptedException {
        handFirst(sink);
        switch (stream.next(deadline)) {
            case STDOUT ->
                stdout.accept(stream.buffer(), stream.start(), stream.length(), (b, o, n) -> toStdout(sink, b, o, n));
            case STDERR ->
                stderr.accept(stream.buffer(), stream.start(), stream.length(), (b, o, n) -> toStderr(sink, b, o, n));
            case NOTHING -> {}
            case END -> {
                flush(sink);
                return false;
            }
        }
        return true;
    }

    private void handFirst(OutputSink sink) {
        if (first.size() > 0) {
            toStdout(sink, first.toByteArray(), 0, first.size());
            first.reset();
        }
    }

    /**
     * What looked like the beginning of a mark was none.
     *
     * @param sink takes it
     * @throws IOException never
     */
    public void flush(OutputSink sink) throws IOException {
        handFirst(sink);
        stdout.flush((b, o, n) -> toStdout(sink, b, o, n));
        stderr.flush((b, o, n) -> toStderr(sink, b, o, n));
    }

    private void toStdout(OutputSink sink, byte[] buffer, int offset, int length) {
        stdoutSeen = true;
        if (stdoutWanted) {
            try {
                sink.stdout(buffer, offset, length);
            } catch (IOException e) {
                stdoutWanted = false;
                LOG.debug("nobody wants the rest of stdout", e);
            }
        }
    }

    private void toStderr(OutputSink sink, byte[] buffer, int offset, int length) {
        int room = Math.min(length, LONGEST_COMPLAINT - stderrStart.length());
        if (room > 0 && stderrStart.length() < STDERR_START) {
            stderrStart.append(new String(buffer, offset, Math.min(room, STDERR_START), StandardCharsets.UTF_8));
        }
        if (stderrWanted) {
            try {
                sink.stderr(buffer, offset, length);
            } catch (IOException e) {
                stderrWanted = false;
                LOG.debug("nobody wants the rest of stderr", e);
            }
        }
    }

    private void complain(byte[] buffer, int offset, int length) {
        int room = Math.min(length, LONGEST_COMPLAINT - complaint.length());
        if (room > 0) {
            complaint.append(new String(buffer, offset, room, StandardCharsets.UTF_8));
        }
    }

    /** {@return whether the main process has ended and all of its output is here} */
    public boolean complete() {
        return stdoutDone && exitCode >= 0;
    }

    /** {@return the exit code; -1 if it has not ended} */
    public int exitCode() {
        return exitCode;
    }

    /** {@return whether processes of the command were left when it ended} */
    public boolean leftBehind() {
        return leftBehind;
    }

    /** {@return why no program was executed: {@code cwd}, {@code fork}, 126 or 127; empty if one was} */
    public String notStarted() {
        return notStarted;
    }

    /**
     * Whether setsid, the last that runs before the program, could not execute it: it says so in words only. What the
     * program says itself begins otherwise or names another one.
     *
     * @param program as it was called
     * @return false also if it was executed
     */
    public boolean refusedBySetsid(String program) {
        int end = stderrStart.indexOf("\n");
        return (exitCode == 126 || exitCode == 127)
                && !stdoutSeen
                && stderrStart.indexOf(SETSID) == 0
                && end > 0
                && stderrStart.substring(0, end).contains(program);
    }

    /** {@return whether it was ended inside, because it took too long} */
    public boolean timedOut() {
        return timedOut;
    }
}

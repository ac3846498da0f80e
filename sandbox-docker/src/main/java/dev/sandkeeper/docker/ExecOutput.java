package dev.sandkeeper.docker;

import dev.sandkeeper.spi.OutputSink;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes the output of one exec apart: the program's own on both streams, and the records of command.sh between. */
final class ExecOutput {
    private static final Logger LOG = LoggerFactory.getLogger(ExecOutput.class);
    private static final int LONGEST_COMPLAINT = 4096;

    private final HijackedStream stream;
    private final MarkScanner stdout;
    private final MarkScanner stderr;
    private final StringBuilder complaint = new StringBuilder();
    private @Nullable String header;
    private boolean stdoutDone;
    private int exitCode = -1;
    private int execFailure;
    private boolean timedOut;
    private boolean stdoutWanted = true;
    private boolean stderrWanted = true;

    ExecOutput(HijackedStream stream, String tag) {
        this.stream = stream;
        this.stdout = new MarkScanner(tag, false, record -> stdoutDone = true);
        this.stderr = new MarkScanner(tag, true, this::record);
    }

    private void record(String record) {
        List<String> words = Words.of(record);
        if (header == null) {
            header = record;
        } else if (words.get(0).equals("T")) {
            timedOut = true;
        } else if (words.size() == 2 && words.get(1).matches("[0-9]{1,3}")) {
            int code = Integer.parseInt(words.get(1));
            if (words.get(0).equals("X")) {
                exitCode = code & 0xff;
            } else if (words.get(0).equals("F")) {
                execFailure = code;
            }
        }
    }

    /** Waits for what the wrapper says before it runs anything. */
    String header(Deadline deadline) throws IOException, InterruptedException {
        while (header == null) {
            switch (stream.next(deadline)) {
                case STDOUT -> complain(stream.buffer(), stream.start(), stream.length());
                case STDERR -> stderr.accept(stream.buffer(), stream.start(), stream.length(), this::complain);
                case END -> throw new EOFException("the command's stream ended before it started");
                case NOTHING -> {
                    if (deadline.passed()) {
                        throw new SocketTimeoutException("the command did not start in time");
                    }
                }
            }
        }
        return header;
    }

    /** What came before the header: the engine's words when it could not start the exec. */
    String complaint() {
        return complaint.toString().strip();
    }

    /** Hands the next bytes to the sink, if any come before the deadline. Answers false at the end of the stream. */
    boolean pass(OutputSink sink, Deadline deadline) throws IOException, InterruptedException {
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

    /** What looked like the beginning of a mark was none. */
    void flush(OutputSink sink) throws IOException {
        stdout.flush((b, o, n) -> toStdout(sink, b, o, n));
        stderr.flush((b, o, n) -> toStderr(sink, b, o, n));
    }

    private void toStdout(OutputSink sink, byte[] buffer, int offset, int length) {
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

    /** Whether the main process has ended and all of its output is here. */
    boolean complete() {
        return stdoutDone && exitCode >= 0;
    }

    int exitCode() {
        return exitCode;
    }

    /** 126 or 127 if no program could be executed after all, else 0. */
    int execFailure() {
        return execFailure;
    }

    boolean timedOut() {
        return timedOut;
    }
}

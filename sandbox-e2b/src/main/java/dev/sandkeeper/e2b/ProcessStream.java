package dev.sandkeeper.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.http.AnswerStream;
import dev.sandkeeper.http.Json;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What the daemon tells of one process: its number, its output, its end. Read by one thread; closed by any. A read waits as
 * long as the daemon is not silent for too long: deadlines are not looked at.
 */
final class ProcessStream implements OutputParts, AutoCloseable {
    private static final int END_OF_STREAM = 2;
    private static final int LONGEST_FRAME = 4 << 20;
    private static final byte[] NONE = {};

    private final AnswerStream answer;
    private final String ref;
    private final DataInputStream in;
    private byte[] bytes = NONE;
    private int pid = -1;
    private volatile @Nullable End end;
    private boolean over;

    /**
     * How a process ended, as its parent saw it.
     *
     * @param signal 0 if it exited by itself
     */
    record End(int exitCode, int signal) {
        /** As a shell says it. */
        int code() {
            return signal == 0 ? exitCode & 0xff : 128 + signal;
        }
    }

    ProcessStream(AnswerStream answer, String ref) {
        this.answer = answer;
        this.ref = ref;
        this.in = new DataInputStream(answer.body());
    }

    /** Reads the first message. */
    void awaitStart() {
        try {
            if (next(Deadline.never()) != Part.NOTHING || pid < 0) {
                throw new IOException("the stream of a command does not begin with its start");
            }
        } catch (IOException e) {
            throw lost(e);
        }
    }

    int pid() {
        return pid;
    }

    /** Null until it is known. */
    @Nullable
    End end() {
        return end;
    }

    boolean closed() {
        return answer.closed();
    }

    SandboxException lost(IOException e) {
        if (e instanceof RefusedException refused) {
            return refused.shown();
        }
        return answer.lost(e);
    }

    /** {@link dev.sandkeeper.internal.OutputParts.Part#NOTHING} also of what is no output. */
    @Override
    public Part next(Deadline deadline) throws IOException {
        if (over) {
            return Part.END;
        }
        int flags = in.read();
        if (flags < 0) {
            throw new EOFException("the stream of a command ended without its last word");
        }
        int length = in.readInt();
        if (length < 0 || length > LONGEST_FRAME) {
            throw new IOException("a message of " + length + " bytes");
        }
        byte[] payload = new byte[length];
        in.readFully(payload);
        JsonNode message = Json.mapper().readTree(payload);
        if ((flags & END_OF_STREAM) != 0) {
            over = true;
            refuse(message.path("error"));
            // the last chunk, so that the connection can be used again
            while (in.read() >= 0) {}
            return Part.END;
        }
        return event(message.path("event"));
    }

    private Part event(JsonNode event) throws IOException {
        JsonNode data = event.path("data");
        if (data.hasNonNull("stdout")) {
            return output(Part.STDOUT, data.get("stdout"));
        }
        if (data.hasNonNull("pty")) {
            return output(Part.STDOUT, data.get("pty"));
        }
        if (data.hasNonNull("stderr")) {
            return output(Part.STDERR, data.get("stderr"));
        }
        if (event.has("start")) {
            pid = event.path("start").path("pid").asInt();
        }
        JsonNode ended = event.path("end");
        if (!ended.isMissingNode()) {
            boolean exited = ended.path("exited").asBoolean();
            end = new End(
                    ended.path("exitCode").asInt(),
                    exited ? 0 : signal(ended.path("status").asText()));
        }
        return Part.NOTHING;
    }

    private Part output(Part part, JsonNode base64) throws IOException {
        bytes = base64.binaryValue();
        return bytes.length == 0 ? Part.NOTHING : part;
    }

    /** As Go writes it. */
    private static int signal(String status) {
        return switch (status.replaceFirst(" \\(core dumped\\)$", "")) {
            case "signal: hangup" -> 1;
            case "signal: interrupt" -> 2;
            case "signal: quit" -> 3;
            case "signal: illegal instruction" -> 4;
            case "signal: aborted" -> 6;
            case "signal: bus error" -> 7;
            case "signal: floating point exception" -> 8;
            case "signal: segmentation fault" -> 11;
            case "signal: broken pipe" -> 13;
            case "signal: alarm clock" -> 14;
            case "signal: terminated" -> 15;
            default -> 9;
        };
    }

    /** An error that comes in a stream comes with status 200. */
    private void refuse(JsonNode error) throws IOException {
        if (error.isMissingNode()) {
            return;
        }
        String code = error.path("code").asText();
        String message = error.path("message").asText();
        String text = "could not run a command in sandbox " + ref + ": " + code + ": " + message;
        throw new RefusedException(
                switch (code) {
                    case "unauthenticated" ->
                        new CommandNotStartableException(Failure.of("user_unknown", text)
                                .remedy("Use a name that the template's /etc/passwd has"));
                    case "not_found" -> new SandboxNotFoundException(Failure.of("process_not_found", text));
                    case "invalid_argument" -> new CommandNotStartableException(Failure.of("command_refused", text));
                    default -> new BackendUnavailableException(Failure.of("sandbox_failed", text));
                });
    }

    /** The daemon has ended a stream with an error. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        private final transient SandboxException shown;

        RefusedException(SandboxException shown) {
            super(shown);
            this.shown = shown;
        }

        SandboxException shown() {
            return shown;
        }
    }

    @Override
    public byte[] buffer() {
        return bytes;
    }

    @Override
    public int start() {
        return 0;
    }

    @Override
    public int length() {
        return bytes.length;
    }

    @Override
    public void close() {
        answer.close();
    }
}

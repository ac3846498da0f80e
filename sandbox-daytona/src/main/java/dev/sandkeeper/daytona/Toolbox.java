package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.http.Answer;
import dev.sandkeeper.http.AnswerStream;
import dev.sandkeeper.http.ProviderCall;
import dev.sandkeeper.http.ProviderSocket;
import dev.sandkeeper.http.UrlPaths;
import dev.sandkeeper.internal.BytePipe;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.MultipartBody;
import okhttp3.RequestBody;
import okio.BufferedSink;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * The daemon of one sandbox. What the proxy before it says of a sandbox that does not run is never taken at its word: the
 * control plane is asked then, and {@link dev.sandkeeper.SandboxGoneException} is thrown if it has ended. Safe from many threads.
 */
final class Toolbox {
    private static final MediaType BYTES = MediaType.get("application/octet-stream");
    private static final int LARGEST_TERMINAL = 1000;
    private static final Duration LONGEST_TRANSFER = Duration.ofDays(1);
    private static final Duration BEAT = Duration.ofSeconds(3);
    private static final Duration HEARING = Duration.ofSeconds(10);
    /** The proxy refuses good keys at random when it is under load. */
    private static final Duration AFTER_REFUSAL = Duration.ofSeconds(5);

    private final DaytonaApi api;
    private final String id;
    private final HttpUrl base;
    private final Duration callTimeout;

    /** A file to be written. */
    record Upload(String path, ByteString content) {}

    Toolbox(DaytonaApi api, String id, HttpUrl base) {
        this.api = api;
        this.id = id;
        this.base = base;
        this.callTimeout = api.toolboxTimeout();
    }

    DaytonaApi api() {
        return api;
    }

    String id() {
        return id;
    }

    private ProviderCall call(String method, String what, String... path) {
        return call(method, what, Map.of(), path);
    }

    private ProviderCall call(String method, String what, Map<String, String> query, String... path) {
        HttpUrl.Builder url = UrlPaths.below(base, path);
        query.forEach(url::addQueryParameter);
        return api.client()
                .call(method, what + " in sandbox " + id, url.build())
                .errors(DaytonaErrors::toolbox)
                .within(api.bound(callTimeout));
    }

    /** Makes a call, and says that the sandbox is gone where that is why it failed. */
    private <T> T guarded(Supplier<T> call) {
        try {
            return call.get();
        } catch (BackendUnavailableException | OutcomeUnknownException e) {
            throw diagnosed(e);
        }
    }

    /** What a fault means once the sandbox itself has been looked at. */
    SandboxException diagnosed(SandboxException fault) {
        if (fault instanceof SandboxInterruptedException
                || Thread.currentThread().isInterrupted()) {
            return fault;
        }
        try {
            Phase phase = api.find(id).map(Wire.Sandbox::phase).orElse(Phase.DESTROYED);
            return switch (phase) {
                case DESTROYED -> api.gone(id, "Daytona does not have it");
                case STOPPED -> api.gone(id, "it does not run");
                case FAILED -> api.gone(id, "it has failed");
                default -> fault;
            };
        } catch (SandboxException e) {
            fault.addSuppressed(e);
            return fault;
        }
    }

    /** Makes a call that may be made twice; once more after a while if the proxy refuses what it should not. */
    private <T> T patient(Supplier<T> call) {
        try {
            return guarded(call);
        } catch (BackendUnavailableException e) {
            if (!e.code().equals(DaytonaErrors.REFUSED)) {
                throw e;
            }
            try {
                TimeUnit.NANOSECONDS.sleep(AFTER_REFUSAL.toNanos());
            } catch (InterruptedException interrupt) {
                throw api.client().interrupted("reach sandbox " + id, interrupt);
            }
            return guarded(call);
        }
    }

    /** Writes files, one after the other in this order; directories above them are made. */
    void upload(List<Upload> files) {
        patient(() -> write(files, callTimeout));
    }

    /** Writes a file from what comes, for as long as it comes, and then others; what is broken off is not complete, and fails. */
    void upload(String path, BytePipe content, List<Upload> more) {
        RequestBody stream = new RequestBody() {
            @Override
            public MediaType contentType() {
                return BYTES;
            }

            @Override
            public boolean isOneShot() {
                return true;
            }

            @Override
            public void writeTo(BufferedSink sink) throws IOException {
                byte[] buffer = new byte[64 * 1024];
                try {
                    int count;
                    while ((count = content.read(buffer, 0, buffer.length, null)) >= 0) {
                        sink.write(buffer, 0, count);
                    }
                } catch (InterruptedException | TimeoutException e) {
                    Thread.currentThread().interrupt();
                    throw (IOException) new InterruptedIOException("interrupted while writing a file").initCause(e);
                }
                if (content.abandoned()) {
                    throw new IOException("the content was broken off");
                }
            }
        };
        String name = path.substring(path.lastIndexOf('/') + 1);
        MultipartBody.Builder body = new MultipartBody.Builder()
                .setType(MultipartBody.FORM)
                .addFormDataPart("files[0].path", path)
                .addFormDataPart("files[0].file", name, stream);
        add(body, 1, more);
        try {
            guarded(() -> call("POST", "write a file", "files", "bulk-upload")
                    .body(body.build())
                    .within(LONGEST_TRANSFER)
                    .send());
        } catch (OutcomeUnknownException e) {
            throw new BackendUnavailableException(
                    api.failure("upload_failed", "could not write a file in sandbox " + id)
                            .cause(e));
        }
    }

    private static void add(MultipartBody.Builder body, int first, List<Upload> files) {
        int number = first;
        for (Upload file : files) {
            String name = file.path().substring(file.path().lastIndexOf('/') + 1);
            body.addFormDataPart("files[" + number + "].path", file.path());
            body.addFormDataPart("files[" + number + "].file", name, RequestBody.create(file.content(), BYTES));
            number++;
        }
    }

    /** Writes a file that another one will replace in a moment: late is no better than never. */
    void beat(Upload file) {
        write(List.of(file), BEAT);
    }

    private Answer write(List<Upload> files, Duration within) {
        MultipartBody.Builder body = new MultipartBody.Builder().setType(MultipartBody.FORM);
        add(body, 0, files);
        return call("POST", "write files", "files", "bulk-upload")
                .body(body.build())
                .repeatable()
                .within(api.bound(within))
                .send();
    }

    /**
     * Reads a part of a file.
     *
     * @return its bytes; fewer if the file ends before; null if there is no such file
     */
    byte @Nullable [] read(String path, int from, int to) {
        Answer answer = patient(() -> call("GET", "read output", Map.of("path", path), "files", "download")
                .header("Range", "bytes=" + from + "-" + (to - 1))
                .repeatable()
                .accept(404, 416)
                .send());
        byte[] bytes = answer.bytes();
        return switch (answer.status()) {
            case 404 -> null;
            case 416 -> new byte[0];
            case 206 -> bytes;
            // who knows no ranges sends all
            default -> Arrays.copyOfRange(bytes, Math.min(from, bytes.length), Math.min(to, bytes.length));
        };
    }

    /** Opens a file to be read; to be closed. */
    AnswerStream open(String path) {
        return guarded(() -> call("GET", "read a file", Map.of("path", path), "files", "download")
                .repeatable()
                .within(LONGEST_TRANSFER)
                .headWithin(callTimeout)
                .openLong());
    }

    /** Removes a file, or a directory with all that is in it. Does nothing if there is none. */
    void remove(String path, boolean tree) {
        Map<String, String> query = tree ? Map.of("path", path, "recursive", "true") : Map.of("path", path);
        patient(() -> call("DELETE", "remove a file", query, "files")
                .repeatable()
                .accept(404)
                .send());
    }

    /**
     * Runs a short script of ours to its end.
     *
     * @param repeatable whether running it twice does what running it once does
     * @param bound how long it may take, in whole seconds; less than the minute after which the proxy loses patience
     */
    Wire.Executed execute(String what, String script, List<String> words, Duration bound, boolean repeatable) {
        StringBuilder command =
                new StringBuilder("sh -c ").append(ShellQuote.of(script)).append(" sandkeeper");
        words.forEach(word -> command.append(' ').append(ShellQuote.of(word)));
        Map<String, Object> body =
                Map.of("command", command.append(" </dev/null").toString(), "timeout", bound.toSeconds());
        Supplier<Wire.Executed> run = () -> {
            ProviderCall call =
                    call("POST", what, "process", "execute").json(body).within(api.bound(bound.plus(callTimeout)));
            return (repeatable ? call.repeatable() : call).send().json(Wire.Executed.class);
        };
        return repeatable ? patient(run) : guarded(run);
    }

    /** Makes a session; it may exist already. */
    void createSession(String session) {
        patient(() -> {
            try {
                return call("POST", "open a session", "process", "session")
                        .json(Map.of("sessionId", session))
                        .repeatable()
                        .send();
            } catch (SandboxConflictException e) {
                // an answer was lost: the name is nobody else's
                return null;
            }
        });
    }

    /** Ends a session and all that it runs; it may be gone already. */
    void deleteSession(String session) {
        patient(() -> call("DELETE", "close a session", "process", "session", session)
                .repeatable()
                .accept(404)
                .send());
    }

    /**
     * Starts a command in a session.
     *
     * @param command its text, unlike that of any other command: by it the command is found whose answer was lost
     * @return its id; nothing if the session has ended, so that it was not started
     */
    Optional<String> exec(String session, String command) {
        try {
            return guarded(() -> accepted(session, command));
        } catch (OutcomeUnknownException e) {
            Optional<String> found = patient(() -> started(session, command));
            // one that is in the session's list twice finds nothing to do the second time
            Optional<String> again = found.isPresent() ? found : guarded(() -> accepted(session, command));
            if (again.isEmpty()) {
                throw e;
            }
            return again;
        }
    }

    private Optional<String> accepted(String session, String command) {
        Answer answer = call("POST", "start a command", "process", "session", session, "exec")
                .json(Map.of("command", command, "runAsync", true, "suppressInputEcho", true))
                .accept(404, 410)
                .send();
        if (answer.status() / 100 != 2) {
            return Optional.empty();
        }
        String cmdId = answer.json(Wire.Accepted.class).cmdId();
        if (cmdId == null || cmdId.isEmpty()) {
            throw answer.unreadable("a command without an id");
        }
        return Optional.of(cmdId);
    }

    private Optional<String> started(String session, String command) {
        Wire.Session found = call("GET", "look at a session", "process", "session", session)
                .repeatable()
                .send()
                .json(Wire.Session.class);
        return (found.commands() == null ? List.<Wire.Command>of() : found.commands())
                .stream()
                        .filter(each -> command.equals(each.command()) && each.id() != null)
                        .map(Wire.Command::id)
                        .findFirst();
    }

    /**
     * Looks at a command.
     *
     * @return nothing if it or its session is gone
     */
    Optional<Wire.Command> command(String session, String command) {
        Answer answer =
                guarded(() -> call("GET", "look at a command", "process", "session", session, "command", command)
                        .repeatable()
                        .accept(404)
                        .send());
        return answer.status() == 404 ? Optional.empty() : Optional.of(answer.json(Wire.Command.class));
    }

    /** Follows what a command prints, from the beginning. */
    ProviderSocket follow(String session, String command) {
        return guarded(() -> call(
                        "GET",
                        "follow a command",
                        Map.of("follow", "true"),
                        "process",
                        "session",
                        session,
                        "command",
                        command,
                        "logs")
                .repeatable()
                .socket());
    }

    /**
     * What a command has printed so far.
     *
     * @return as the log has it; nothing if it or its session is gone
     */
    Optional<String> logs(String session, String command) {
        Answer answer = guarded(() -> call(
                        "GET", "read what a command printed", "process", "session", session, "command", command, "logs")
                .header("Accept", "application/json,text/plain")
                .repeatable()
                .accept(404)
                .answerAtMost(64L << 20)
                .send());
        if (answer.status() == 404) {
            return Optional.empty();
        }
        boolean json = answer.header("Content-Type").orElse("").contains("json");
        String output = json ? answer.json(Wire.Logs.class).output() : answer.text();
        return Optional.of(output == null ? "" : output);
    }

    /**
     * Sends a line to a command that runs. The command must know one that it has had.
     *
     * @return false if it does not run any more
     */
    boolean input(String session, String command, String line) {
        Answer answer =
                patient(() -> inputCall(session, command, line).repeatable().send());
        return answer.status() / 100 == 2;
    }

    /**
     * The same, and never again by itself.
     *
     * @return false if it does not run any more, and has not had the line
     * @throws OutcomeUnknownException if it may have had it
     */
    boolean inputOnce(String session, String command, String line) {
        return guarded(() -> inputCall(session, command, line).send()).status() / 100 == 2;
    }

    /**
     * Whether there is anybody who reads what a command is sent. It is sent an empty line, which the command must pass over.
     *
     * @return false if there is nobody; true also if that cannot be said now
     */
    boolean hears(String session, String command) {
        try {
            return guarded(() -> inputCall(session, command, "")
                                            .within(api.bound(HEARING))
                                            .send())
                                    .status()
                            / 100
                    == 2;
        } catch (BackendUnavailableException | OutcomeUnknownException e) {
            return true;
        }
    }

    private ProviderCall inputCall(String session, String command, String line) {
        return call("POST", "write to a command", "process", "session", session, "command", command, "input")
                .json(Map.of("data", line + "\n"))
                .accept(404, 410);
    }

    /** Makes a terminal whose shell starts when somebody connects; it may exist already. */
    void createTerminal(String terminal, TerminalSize size) {
        checkSize(size);
        patient(() -> {
            try {
                return call("POST", "open a terminal", "process", "pty")
                        .json(Map.of(
                                "id",
                                terminal,
                                "cwd",
                                "/",
                                "cols",
                                size.columns(),
                                "rows",
                                size.rows(),
                                "lazyStart",
                                true))
                        .repeatable()
                        .send();
            } catch (SandboxConflictException e) {
                // an answer was lost: the name is nobody else's
                return null;
            }
        });
    }

    private void checkSize(TerminalSize size) {
        if (size.columns() > LARGEST_TERMINAL || size.rows() > LARGEST_TERMINAL) {
            throw new BackendRejectedException(api.failure(
                            "terminal_too_large",
                            "a terminal of " + size.columns() + " columns and " + size.rows() + " rows")
                    .remedy("Daytona has at most " + LARGEST_TERMINAL + " of each"));
        }
    }

    /** Connects to a terminal. */
    ProviderSocket terminal(String terminal) {
        return guarded(() -> call("GET", "connect to a terminal", "process", "pty", terminal, "connect")
                .socket());
    }

    /** Changes the size of a terminal; it may be gone already. */
    void resizeTerminal(String terminal, TerminalSize size) {
        checkSize(size);
        patient(() -> call("POST", "resize a terminal", "process", "pty", terminal, "resize")
                .json(Map.of("cols", size.columns(), "rows", size.rows()))
                .repeatable()
                .accept(404, 410)
                .send());
    }

    /** Ends a terminal and what it shows; it may be gone already. */
    void deleteTerminal(String terminal) {
        patient(() -> call("DELETE", "close a terminal", "process", "pty", terminal)
                .repeatable()
                .accept(404)
                .send());
    }

    Wire.Metrics metrics() {
        return guarded(() -> call("GET", "read the usage", "system", "metrics")
                .repeatable()
                .send()
                .json(Wire.Metrics.class));
    }
}

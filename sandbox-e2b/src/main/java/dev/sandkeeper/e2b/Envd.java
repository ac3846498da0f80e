package dev.sandkeeper.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.http.AnswerStream;
import dev.sandkeeper.http.Json;
import dev.sandkeeper.http.ProviderCall;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.spi.ProviderState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/** The daemon in one sandbox: Connect calls by JSON, and plain ones. Safe from many threads. */
final class Envd {
    private static final MediaType STREAM = MediaType.get("application/connect+json");
    static final MediaType BYTES = MediaType.get("application/octet-stream");
    /** How often the daemon says that nothing happens, and after how long of less than that it is gone. */
    private static final int KEEPALIVE_SECONDS = 50;

    private static final Duration SILENCE = Duration.ofMinutes(2);
    private static final Duration START = Duration.ofSeconds(30);
    private static final Duration CALL = Duration.ofSeconds(20);
    /** A program may take that long to read its input. The proxy cuts after a day. */
    private static final Duration INPUT = Duration.ofHours(23);

    private final ProviderClient client;
    private final Api api;
    private final String ref;
    private final HttpUrl base;
    private final Headers headers;
    private final @Nullable String token;
    private final EnvdErrors errors = new EnvdErrors();

    Envd(ProviderClient client, Api api, EnvdAddress address, String ref, Wire.Sandbox sandbox) {
        this.client = client;
        this.api = api;
        this.ref = ref;
        this.base = address.of(ref, sandbox.domain());
        this.headers = Headers.of("E2b-Sandbox-Id", ref, "E2b-Sandbox-Port", Integer.toString(EnvdAddress.PORT));
        this.token = sandbox.envdAccessToken();
    }

    String ref() {
        return ref;
    }

    ProviderClient client() {
        return client;
    }

    /**
     * What is started.
     *
     * @param user null for the template's own
     */
    record Start(
            List<String> arguments,
            Map<String, String> environment,
            @Nullable String user,
            boolean stdin,
            @Nullable TerminalSize terminal) {
        /** The program only. */
        @Override
        public String toString() {
            return "Start[" + arguments.get(0) + "]";
        }
    }

    /** Starts a process and waits until it has a number. */
    ProcessStream start(Start start) {
        ObjectNode request = Json.mapper().createObjectNode();
        ObjectNode process =
                request.putObject("process").put("cmd", start.arguments().get(0));
        var arguments = process.putArray("args");
        start.arguments().stream().skip(1).forEach(arguments::add);
        ObjectNode environment = process.putObject("envs");
        start.environment().forEach(environment::put);
        process.put("cwd", "/");
        if (start.terminal() != null) {
            request.putObject("pty")
                    .putObject("size")
                    .put("cols", start.terminal().columns())
                    .put("rows", start.terminal().rows());
        } else {
            request.put("stdin", start.stdin());
        }
        ProviderCall call = stream("start a command in sandbox " + ref, "Start", request);
        if (start.user() != null) {
            call.header("Authorization", okhttp3.Credentials.basic(start.user(), ""));
        }
        return opened(call);
    }

    /** Follows a process again. */
    ProcessStream connect(int pid) {
        ObjectNode request = selector(pid);
        return opened(
                stream("follow a command in sandbox " + ref, "Connect", request).repeatable());
    }

    private ProcessStream opened(ProviderCall call) {
        return confirmed(() -> {
            ProcessStream stream = new ProcessStream(call.openLong(), ref);
            boolean begun = false;
            Runnable off = client.after(START, stream::close);
            try {
                stream.awaitStart();
                begun = true;
                return stream;
            } finally {
                off.run();
                if (!begun) {
                    stream.close();
                }
            }
        });
    }

    private static ObjectNode selector(int pid) {
        ObjectNode request = Json.mapper().createObjectNode();
        request.putObject("process").put("pid", pid);
        return request;
    }

    private ProviderCall stream(String what, String method, ObjectNode message) {
        byte[] json = Json.bytes(message);
        byte[] envelope = ByteBuffer.allocate(5 + json.length)
                .put((byte) 0)
                .putInt(json.length)
                .put(json)
                .array();
        return call("POST", what, url("process.Process/" + method).build())
                .body(RequestBody.create(envelope, STREAM))
                .header("Connect-Protocol-Version", "1")
                .header("Keepalive-Ping-Interval", Integer.toString(KEEPALIVE_SECONDS))
                .headWithin(START)
                .silence(SILENCE);
    }

    private ProviderCall unary(String what, String method, ObjectNode message) {
        return call("POST", what, url("process.Process/" + method).build())
                .json(message)
                .header("Connect-Protocol-Version", "1")
                .within(CALL);
    }

    /** Writes to a process, once it has room for it. The call waits to be made, and fails if the process is gone. */
    ProviderCall input(int pid, byte[] bytes, boolean terminal) {
        ObjectNode request = selector(pid);
        request.putObject("input").put(terminal ? "pty" : "stdin", bytes);
        return unary("write to a command in sandbox " + ref, "SendInput", request)
                .within(INPUT)
                .headWithin(INPUT)
                .silence(INPUT);
    }

    /** Ends a process's input. Does nothing if the process is gone. */
    void closeInput(int pid) {
        confirmed(() -> unary("end the input of a command in sandbox " + ref, "CloseStdin", selector(pid))
                .repeatable()
                .accept(404)
                .send());
    }

    /** Changes the size of a terminal. Does nothing if the process is gone. */
    void resize(int pid, TerminalSize size) {
        ObjectNode request = selector(pid);
        request.putObject("pty").putObject("size").put("cols", size.columns()).put("rows", size.rows());
        confirmed(() -> unary("resize a terminal in sandbox " + ref, "Update", request)
                .repeatable()
                .accept(404)
                .send());
    }

    /** Writes a small file, not atomically. */
    void upload(String path, byte[] content) {
        confirmed(() ->
                upload(path, RequestBody.create(content, BYTES)).within(CALL).send());
    }

    /** Writes a file, not atomically: a call to be made, which takes as long as what is sent. */
    ProviderCall upload(String path, RequestBody content) {
        HttpUrl url = url("files").addQueryParameter("path", path).build();
        return call("POST", "write a file in sandbox " + ref, url)
                .body(content)
                .within(INPUT)
                .repeatable();
    }

    /** Reads an ordinary file; to be closed. */
    AnswerStream open(String path) {
        HttpUrl url = url("files").addQueryParameter("path", path).build();
        return confirmed(() -> call("GET", "read a file in sandbox " + ref, url)
                .repeatable()
                .headWithin(CALL)
                .openLong());
    }

    private HttpUrl.Builder url(String path) {
        return base.newBuilder().addPathSegments(path);
    }

    private ProviderCall call(String method, String what, HttpUrl url) {
        ProviderCall call = client.call(method, what, url)
                .withoutHeader(E2bBackend.KEY_HEADER)
                .errors(errors);
        headers.forEach(header -> call.header(header.getFirst(), header.getSecond()));
        return token == null ? call : call.secretHeader("X-Access-Token", token);
    }

    /** Finds out what the proxy means when it says that there is no such sandbox. */
    <T> T confirmed(Supplier<T> call) {
        try {
            return call.get();
        } catch (SandboxGoneException e) {
            throw confirmed(e);
        }
    }

    SandboxException confirmed(SandboxException fault) {
        if (!(fault instanceof SandboxGoneException) || !fault.code().equals(EnvdErrors.PERHAPS_GONE)) {
            return fault;
        }
        return switch (api.state(ref)) {
            case GONE -> gone(fault);
            case PAUSED ->
                new BackendRejectedException(client.failure("sandbox_paused", "sandbox " + ref + " is paused")
                        .remedy("Resume it first")
                        .cause(fault));
            case PRESENT, UNKNOWN ->
                new BackendUnavailableException(
                        client.failure(EnvdErrors.PERHAPS_GONE, "sandbox " + ref + " cannot be reached")
                                .remedy("Try again")
                                .cause(fault));
        };
    }

    SandboxGoneException gone(@Nullable Throwable cause) {
        return new SandboxGoneException(
                null,
                null,
                client.failure("sandbox_gone", "sandbox " + ref + " does not exist any more")
                        .cause(cause));
    }

    ProviderState state() {
        return api.state(ref);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}

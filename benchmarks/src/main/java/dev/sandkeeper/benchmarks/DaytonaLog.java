package dev.sandkeeper.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/** What bare calls need beside requests to run commands as our backend does: the log of its shell, and numbers that grow. */
final class DaytonaLog implements Resent.Step {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int NORMAL = 1000;
    private static final Pattern NUMBER = Pattern.compile("(?<=^\\{\"data\":\"\\S{1,80} )[0-9]+");

    private final OkHttpClient client = new OkHttpClient();
    /** With which exit codes commands have ended. */
    private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();

    private @Nullable WebSocket log;
    private int number = 1;

    @Override
    public ByteString body(String target, ByteString body) {
        if (!target.endsWith("/input")) {
            return body;
        }
        number++;
        return ByteString.encodeUtf8(NUMBER.matcher(body.utf8()).replaceFirst(Integer.toString(number)));
    }

    @Override
    public void answered(Request request, byte[] answer) throws IOException {
        String path = request.url().encodedPath();
        if (path.endsWith("/exec")) {
            follow(
                    request,
                    BareCalls.tree(answer, 0, answer.length).path("cmdId").asText());
        }
        if (path.endsWith("/exec") || path.endsWith("/input")) {
            awaitEnd();
        }
    }

    private void follow(Request exec, String command) {
        leave();
        HttpUrl url = exec.url()
                .newBuilder()
                .removePathSegment(exec.url().pathSize() - 1)
                .addPathSegments("command/" + command + "/logs")
                .addQueryParameter("follow", "true")
                .build();
        log = client.newWebSocket(
                new Request.Builder().url(url).headers(exec.headers()).build(), new Listener());
    }

    /** A shell says X with a command's exit code, and Z when it takes the next one. */
    private final class Listener extends WebSocketListener {
        private final StringBuilder line = new StringBuilder();
        private String exitCode = "unknown";

        @Override
        public void onMessage(WebSocket socket, String text) {
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) != '\n') {
                    line.append(text.charAt(i));
                } else {
                    read(line.toString().split(" ", -1));
                    line.setLength(0);
                }
            }
        }

        private void read(String[] words) {
            if (words.length > 2 && words[1].equals("X")) {
                exitCode = words[2];
            } else if (words.length == 2 && words[1].equals("Z")) {
                ended.add(exitCode);
                exitCode = "unknown";
            }
        }

        @Override
        public void onMessage(WebSocket socket, ByteString bytes) {
            onMessage(socket, bytes.string(StandardCharsets.ISO_8859_1));
        }

        @Override
        public void onClosing(WebSocket socket, int code, String reason) {
            socket.close(NORMAL, null);
        }

        @Override
        public void onFailure(WebSocket socket, Throwable fault, @Nullable Response response) {
            // whoever waits is told by the time
        }
    }

    private void awaitEnd() throws IOException {
        try {
            String exitCode = ended.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (!"0".equals(exitCode)) {
                throw new IOException("the log does not say that the command has ended with 0 but: " + exitCode);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void leave() {
        if (log != null) {
            log.close(NORMAL, null);
            log = null;
        }
        number = 1;
    }

    @Override
    public void close() {
        leave();
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
    }
}

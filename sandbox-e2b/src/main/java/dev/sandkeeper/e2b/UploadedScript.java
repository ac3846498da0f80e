package dev.sandkeeper.e2b;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.http.ProviderCall;
import dev.sandkeeper.internal.BytePipe;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A script of ours whose input is long: that is uploaded as it comes, in one request, and the script is started when all of it is
 * there. By the ordinary way each piece would be a request of its own.
 */
final class UploadedScript implements BackendProcess {
    private static final Logger LOG = LoggerFactory.getLogger(UploadedScript.class);
    private static final int WAITING = 256 * 1024;
    private static final String TAKE = "exec <\"$SANDKEEPER_UPLOAD\" || exit\nrm -f \"$SANDKEEPER_UPLOAD\"\n";
    private static final Duration TIDYING = Duration.ofSeconds(10);

    private final Envd envd;
    private final Function<ProcessRequest, BackendProcess> starter;
    private final ProcessRequest request;
    private final String path = "/tmp/.sandkeeper-" + Tags.next();
    private final BytePipe pipe = new BytePipe(WAITING);
    private final Input stdin = new Input();
    private volatile @Nullable ProviderCall uploading;
    private volatile @Nullable BackendProcess started;
    private volatile boolean ended;

    /** @param request {@code sh}, {@code -c}, the script, and what is {@code $0}, {@code $1} and so on */
    UploadedScript(Envd envd, Function<ProcessRequest, BackendProcess> starter, ProcessRequest request) {
        this.envd = envd;
        this.starter = starter;
        this.request = request;
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public ExitStatus pump(OutputSink sink) throws InterruptedException {
        try {
            upload();
            BackendProcess process = starter.apply(withUpload());
            started = process;
            if (ended) {
                process.end(Duration.ZERO);
            }
            return process.pump(sink);
        } catch (SandboxInterruptedException e) {
            Thread.interrupted();
            throw (InterruptedException) new InterruptedException("interrupted while uploading").initCause(e);
        } finally {
            pipe.abandon();
        }
    }

    private void upload() {
        ProviderCall call = envd.upload(path, new Body());
        uploading = call;
        if (ended) {
            call.cancel();
        }
        envd.confirmed(call::send);
    }

    private ProcessRequest withUpload() {
        List<String> arguments = new ArrayList<>(request.arguments());
        arguments.set(2, TAKE + arguments.get(2));
        Map<String, String> environment = new HashMap<>(request.environment());
        environment.put("SANDKEEPER_UPLOAD", path);
        return new ProcessRequest(
                arguments, environment, request.workingDirectory(), request.user(), false, request.deadline());
    }

    private final class Body extends RequestBody {
        @Override
        public MediaType contentType() {
            return Envd.BYTES;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            byte[] buffer = new byte[64 * 1024];
            try {
                for (int count = pipe.read(buffer, 0, buffer.length, null);
                        count >= 0;
                        count = pipe.read(buffer, 0, buffer.length, null)) {
                    sink.write(buffer, 0, count);
                }
            } catch (InterruptedException | TimeoutException e) {
                Thread.currentThread().interrupt();
                throw (IOException) new InterruptedIOException("interrupted while uploading").initCause(e);
            }
            if (pipe.abandoned()) {
                throw new IOException("the upload was given up");
            }
        }
    }

    private final class Input extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                pipe.write(bytes, offset, length, null);
            } catch (InterruptedException | TimeoutException e) {
                Thread.currentThread().interrupt();
                throw (IOException) new InterruptedIOException("interrupted while uploading").initCause(e);
            }
        }

        @Override
        public void close() {
            pipe.end();
        }
    }

    @Override
    public void signal(Signal signal) {
        BackendProcess process = started;
        if (process != null) {
            process.signal(signal);
        }
    }

    @Override
    public void end(Duration grace) {
        giveUp();
        BackendProcess process = started;
        if (process != null) {
            process.end(grace);
        } else {
            tidy();
        }
    }

    private void giveUp() {
        ended = true;
        pipe.abandon();
        ProviderCall call = uploading;
        if (call != null) {
            call.cancel();
        }
    }

    private void tidy() {
        ProcessRequest remove = new ProcessRequest(List.of("rm", "-f", path), Map.of(), "/", null, false, TIDYING);
        try (BackendProcess process = starter.apply(remove)) {
            process.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) {}

                @Override
                public void stderr(byte[] buffer, int offset, int length) {}
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SandboxException e) {
            LOG.debug("what was uploaded of {} may be left", path, e);
        }
    }

    @Override
    public void close() {
        giveUp();
        BackendProcess process = started;
        if (process != null) {
            process.close();
        }
    }
}

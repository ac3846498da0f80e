package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Sandboxes of one test, in a deployment of its own; afterwards nothing of it is left. */
final class Sandboxes implements BeforeEachCallback, AfterEachCallback {
    private String deployment = "";
    private DockerBackend backend = TestEngine.backend();
    private TestEngine engine = new TestEngine();

    /** What a command printed and how it ended. */
    record Ran(ExitStatus status, String out, String err) {
        int code() {
            return status.exitCode();
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        open();
    }

    /** For a class whose tests share sandboxes; {@link #close} at its end. */
    void open() {
        deployment = TestEngine.deployment();
    }

    String deployment() {
        return deployment;
    }

    DockerBackend backend() {
        return backend;
    }

    TestEngine engine() {
        return engine;
    }

    ProvisionRequest request(SandboxSpec spec) {
        return TestEngine.request(deployment, spec);
    }

    BackendSandbox create() {
        return create(SandboxSpec.builder().build());
    }

    BackendSandbox create(SandboxSpec spec) {
        return backend.create(request(spec));
    }

    static ProcessRequest command(String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, null);
    }

    static ProcessRequest command(Duration deadline, String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, deadline);
    }

    static Ran sh(BackendSandbox sandbox, String script) {
        return run(sandbox, command("sh", "-c", script));
    }

    static Ran run(BackendSandbox sandbox, ProcessRequest request) {
        try (BackendProcess process = sandbox.start(request)) {
            return pump(process);
        }
    }

    static Ran pump(BackendProcess process) {
        Collector collector = new Collector();
        try {
            ExitStatus status = process.pump(collector);
            return new Ran(status, collector.text(collector.out), collector.text(collector.err));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** Keeps everything. */
    static final class Collector implements OutputSink {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();

        @Override
        public synchronized void stdout(byte[] buffer, int offset, int length) {
            out.write(buffer, offset, length);
        }

        @Override
        public synchronized void stderr(byte[] buffer, int offset, int length) {
            err.write(buffer, offset, length);
        }

        synchronized String out() {
            return text(out);
        }

        private String text(ByteArrayOutputStream bytes) {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    void assertNothingLeft() {
        assertThat(backend.listOwned(deployment).resources()).isEmpty();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        close();
    }

    void close() {
        try {
            for (OwnedResource resource : backend.listOwned(deployment).resources()) {
                backend.destroy(resource.providerRef());
            }
            assertNothingLeft();
        } finally {
            backend.close();
            engine.close();
        }
    }
}

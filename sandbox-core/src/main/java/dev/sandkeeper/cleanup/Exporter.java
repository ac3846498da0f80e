package dev.sandkeeper.cleanup;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.BytePipe;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.TarExport;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes {@link BeforeDestroy}'s archive out of a sandbox that is about to be destroyed. */
final class Exporter {
    private static final Logger LOG = LoggerFactory.getLogger(Exporter.class);
    private static final String DONE = "exported";

    private final EngineContext context;
    private final BoundedCalls calls;
    private final BeforeDestroy plan;

    Exporter(EngineContext context, BoundedCalls calls, BeforeDestroy plan) {
        this.context = context;
        this.calls = calls;
        this.plan = plan;
    }

    /**
     * Exports, unless that has been done.
     *
     * @throws SandboxException if it failed and the sandbox is to be kept
     */
    void export(LeaseKeeper lease, SandboxBackend backend, SandboxRow row, String ref) {
        if (row.audit().stream().anyMatch(entry -> entry.event().equals(DONE))) {
            return;
        }
        String detail;
        try {
            ProviderState state = calls.call("look at " + ref, plan.timeout(), () -> backend.state(ref));
            if (state == ProviderState.GONE) {
                return;
            }
            long bytes = calls.call("export from " + ref, plan.timeout(), () -> take(backend, state, row, ref));
            detail = bytes + " bytes of " + String.join(", ", plan.paths());
        } catch (RuntimeException e) {
            if (plan.keepOnFailure()) {
                throw e;
            }
            LOG.warn("sandbox {} is destroyed although its files could not be exported: {}", row.id(), e.getMessage());
            step(lease, "not_exported", Cleaner.describe(e));
            return;
        }
        step(lease, DONE, detail);
    }

    private void step(LeaseKeeper lease, String event, String detail) {
        lease.change(next -> next.step(new AuditEntry(context.rows().now(), event, detail)));
    }

    private long take(SandboxBackend backend, ProviderState state, SandboxRow row, String ref) {
        if (state == ProviderState.PAUSED) {
            backend.resume(ref);
        }
        try (BackendSandbox connection = backend.attach(ref);
                Tar tar = new Tar(plan.atMost().bytes())) {
            context.workers().execute(() -> tar.fill(connection.files(), plan.paths()));
            plan.sink().take(Infos.of(row), tar);
            return tar.complete();
        } catch (IOException e) {
            throw new BackendUnavailableException(Failure.of(
                            "export_failed",
                            "the files of sandbox " + row.id() + " could not be exported: " + e.getMessage())
                    .backend(row.backend())
                    .sandbox(row.id())
                    .cause(e)
                    .remedy("See the cause. It is tried again if the sandbox is kept on failure"));
        }
    }

    /** The archive on its way from the sandbox to the sink; its end is told from a cut. */
    private static final class Tar extends InputStream {
        private final long most;
        private final BytePipe pipe = new BytePipe(64 * 1024);
        private final CompletableFuture<Long> end = new CompletableFuture<>();
        private boolean complete;

        Tar(long most) {
            this.most = most;
        }

        void fill(BackendFiles files, List<String> paths) {
            Bounded target = new Bounded();
            try {
                new TarExport(files, target).write(paths);
                end.complete(target.written);
            } catch (IOException | RuntimeException e) {
                end.completeExceptionally(e);
            } finally {
                pipe.end();
            }
        }

        private final class Bounded extends OutputStream {
            private long written;

            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                written += length;
                if (written > most) {
                    throw new IOException("the archive is bigger than " + most + " bytes");
                }
                try {
                    pipe.write(buffer, offset, length, null);
                } catch (InterruptedException | TimeoutException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted", e);
                }
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, buffer.length);
            if (length == 0) {
                return 0;
            }
            try {
                int part = pipe.read(buffer, offset, length, null);
                if (part >= 0) {
                    return part;
                }
                complete = end.get() >= 0;
                return -1;
            } catch (InterruptedException | TimeoutException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            } catch (ExecutionException e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                throw new IOException("the archive is not complete: " + cause.getMessage(), cause);
            }
        }

        /** How many bytes it was, once all has been read. */
        long complete() throws IOException {
            if (!complete) {
                throw new IOException("the sink has not read the archive to its end");
            }
            return end.join();
        }

        @Override
        public void close() {
            pipe.abandon();
        }
    }
}

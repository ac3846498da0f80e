package dev.sandkeeper.local;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Finds out once whether this host isolates: by making a sandbox, running a command in it and removing it. */
final class Support {
    /** No application has this one. */
    static final String DEPLOYMENT = "sandkeeper-check";

    private final Sandboxes sandboxes;
    private final Path stateDirectory;
    private final Failures failures;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean works;
    private @Nullable SandboxException refusal;

    Support(Sandboxes sandboxes, Path stateDirectory, Failures failures) {
        this.sandboxes = sandboxes;
        this.stateDirectory = stateDirectory;
        this.failures = failures;
    }

    /** Returns if sandboxes can be made, and throws with the remedy if not. */
    void require() {
        if (works) {
            return;
        }
        lock.lock();
        try {
            if (refusal != null) {
                throw refusal;
            }
            if (!works) {
                tryOutAlone();
            }
        } catch (BackendRejectedException e) {
            // That will not change while this JVM runs.
            refusal = e;
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private void tryOutAlone() {
        try {
            works = TrialLock.alone(stateDirectory, () -> {
                for (OwnedResource left : sandboxes.list(DEPLOYMENT).resources()) {
                    sandboxes.destroy(SandboxRef.of(DEPLOYMENT, left.sandboxId()));
                }
                tryOut();
                return true;
            });
        } catch (IOException e) {
            throw failures.unavailable("state_directory_unusable", "cannot lock " + stateDirectory, null, e);
        } catch (InterruptedException e) {
            throw failures.interrupted("finding out whether this host isolates", null);
        }
    }

    private void tryOut() {
        SandboxId id = new SandboxId(UUID.randomUUID());
        ProvisionRequest request = new ProvisionRequest(
                DEPLOYMENT, id, Instant.EPOCH, null, SandboxSpec.builder().build(), Map.of(), progress -> {});
        SandboxRef ref = SandboxRef.of(DEPLOYMENT, id);
        try (LocalSandbox sandbox = sandboxes.create(request);
                BackendProcess process = sandbox.start(new ProcessRequest(
                        List.of("true"), Map.of(), "/", null, false, Duration.ofSeconds(30), true))) {
            process.pump(Nowhere.SINK);
        } catch (InterruptedException e) {
            throw failures.interrupted("finding out whether this host isolates", null);
        } catch (BackendUnavailableException e) {
            String said = String.valueOf(e.getMessage());
            if (!e.code().equals("command_lost") || Remedies.passing(said)) {
                throw e;
            }
            throw new BackendRejectedException(
                    Failure.of("isolation_failed", "this host did not isolate a command: " + said)
                            .remedy(Remedies.of(said))
                            .backend(failures.backend())
                            .cause(e));
        } finally {
            boolean interrupted = Thread.interrupted();
            sandboxes.destroy(ref);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private enum Nowhere implements OutputSink {
        SINK;

        @Override
        public void stdout(byte[] buffer, int offset, int length) {}

        @Override
        public void stderr(byte[] buffer, int offset, int length) {}
    }
}

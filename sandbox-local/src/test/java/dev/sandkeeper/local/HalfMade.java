package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** What a JVM leaves that dies after it has written its intention down. */
final class HalfMade {
    private HalfMade() {}

    static void leave(Path stateDirectory, ProvisionRequest request) {
        try {
            StateDirectory state = new StateDirectory(stateDirectory);
            SandboxRef ref = SandboxRef.of(request.deployment(), request.sandboxId());
            ProcessIdentity dead = new ProcessIdentity(ProcessHandle.current().pid(), 1);
            Description intent = new Description(
                    request.createdAt(),
                    Proc.bootId(),
                    dead,
                    null,
                    Lifetime.STORE,
                    1_900_000_007,
                    true,
                    new Limits(0, 0, 0, 0, 64));
            state.create(ref, intent);
            state.claimUid(ref, intent.uid());
            state.createWorkspace(ref, intent.uid(), false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

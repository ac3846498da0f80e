package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StateDirectoryTest {
    @TempDir
    Path directory;

    private static SandboxRef ref() {
        return SandboxRef.of("shared", new SandboxId(UUID.randomUUID()));
    }

    private static void make(StateDirectory state, SandboxRef ref) throws IOException {
        ProcessIdentity self = Proc.identify(ProcessHandle.current().pid()).orElseThrow();
        state.create(
                ref,
                new Description(
                        Instant.EPOCH, "boot", self, null, Lifetime.PROCESS, -1, true, new Limits(0, 0, 0, 0, 16)));
    }

    private static void unmake(StateDirectory state, SandboxRef ref) throws IOException {
        state.retire(ref);
        state.remove(ref);
    }

    @Test
    void removesADeploymentsDirectoryWithItsLastSandboxAndNotBefore() throws IOException {
        StateDirectory state = new StateDirectory(directory);
        SandboxRef first = ref();
        SandboxRef second = ref();
        make(state, first);
        make(state, second);
        unmake(state, first);
        assertThat(state.list("shared")).containsExactly(second);
        unmake(state, second);
        assertThat(directory.resolve("shared")).doesNotExist();
        unmake(state, second);
        make(state, second);
        assertThat(state.exists(second)).isTrue();
    }

    @Test
    void makesSandboxesWhileOthersRemoveTheDirectoryThatTheyAreMadeIn() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<?>> all = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                all.add(threads.submit(() -> {
                    StateDirectory state = new StateDirectory(directory);
                    for (int n = 0; n < 500; n++) {
                        SandboxRef ref = ref();
                        make(state, ref);
                        assertThat(state.description(ref)).isNotNull();
                        unmake(state, ref);
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(directory.resolve("shared")).doesNotExist();
    }
}
